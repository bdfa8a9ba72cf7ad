"""Finding entries by what people know: an id, a person, a request, a word of the activity."""

from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import CharField, Q, QuerySet, TextField

from apps.audit.models import AuditedModel

# More people than this match no name that was meant.
MOST_PEOPLE = 200


def find_entries(entries: QuerySet[Any], phrase: str) -> QuerySet[Any]:
    """Entries of or by what the phrase names. Names of people are protected in entries, so
    that they are looked up where they live; reasons and addresses that are protected can't be."""
    if (exact := _as_uuid(phrase)) is not None:
        text = str(exact)
        return entries.filter(
            Q(pk=exact) | Q(object_id=text) | Q(actor_id=text) | Q(request_id=text)
            | Q(provider_id=exact) | Q(account_id=exact)
        )  # fmt: skip
    people = [str(pk) for pk in _people(phrase)]
    return entries.filter(
        Q(activity__icontains=phrase) | Q(object_label__icontains=phrase)
        | Q(actor_label__icontains=phrase) | Q(reason__icontains=phrase)
        | Q(request_id=phrase) | Q(object_id=phrase) | Q(source_address=phrase)
        | Q(object_id__in=people) | Q(actor_id__in=[phrase, *people])
    )  # fmt: skip


def names_somebody(phrase: str) -> bool:
    """Whether a person is known by this, or by a part of it."""
    return bool(phrase) and bool(_people(phrase))


def _people(phrase: str) -> list[Any]:
    found: list[Any] = []
    for model in apps.get_models():
        if not issubclass(model, AuditedModel) or not model.audit_personal_label:
            continue
        named = Q()
        for name in model.audit_personal:
            if isinstance(model._meta.get_field(name), CharField | TextField):
                named |= Q(**{f"{name}__icontains": phrase})
        found += model._base_manager.filter(named).values_list("pk", flat=True)[:MOST_PEOPLE]
    return found


def _as_uuid(phrase: str) -> UUID | None:
    try:
        return UUID(phrase)
    except ValueError:
        return None
