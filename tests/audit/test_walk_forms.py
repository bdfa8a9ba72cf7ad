"""A walk over each form of the staff screens: sent back as it is, it changes nothing; with one
value changed, it leaves one version and one entry with that value, by the person who sent it."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client, RequestFactory
from django.urls import reverse

from apps.accounts.models import User
from apps.audit.models import AuditedModel, Entry
from tests.accounts.factories import ProviderFactory, UserFactory
from tests.audit.forms import fields_of
from tests.audit.records import make
from tests.locations.factories import OperatorFactory

pytestmark = pytest.mark.django_db


def screens(permission):
    """The screens whose form a superuser may send."""
    request = RequestFactory().get("/")
    request.user = User(is_superuser=True, is_active=True, is_staff=True)
    return [
        model for model, screen in admin.site._registry.items()
        if issubclass(model, AuditedModel)
        and getattr(screen, f"has_{permission}_permission")(request)
    ]  # fmt: skip


# Forms that ask why, of whoever changes the record.
REASON = {"reason": "asked to"}


def label(model):
    return model._meta.label_lower


@pytest.fixture
def person():
    return UserFactory(is_staff=True, is_superuser=True)


@pytest.fixture
def client(person):
    made = Client()
    made.force_login(person)
    return made


def page_of(model, name, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


def sent(client, address, values):
    """The form was taken: the browser is sent on, and no error is shown."""
    answer = client.post(address, {n: v for n, v in values.items() if v is not None})
    if answer.status_code == 200:
        form = answer.context["adminform"].form
        inlines = [s.formset.errors for s in answer.context.get("inline_admin_formsets", ())]
        raise AssertionError(f"{address}: {form.errors.as_text()} {inlines}")
    assert answer.status_code == 302
    return answer


def filled(page):
    return {name: value for name, value in fields_of(page).items() if name != "reason"}


@pytest.mark.parametrize("model", screens("change"), ids=label)
def test_form_that_is_sent_back_changes_nothing(model, client):
    record = make(model)
    address = page_of(model, "change", record.pk)
    values = REASON | filled(client.get(address).text)
    count = Entry.objects.count()
    sent(client, address, values)
    told = [(e.activity, e.before, e.after) for e in Entry.objects.order_by("-pk")]
    assert told[: len(told) - count] == []


@pytest.mark.parametrize("model", screens("change"), ids=label)
def test_changed_form_leaves_one_entry_with_what_changed(model, client, person):
    record = make(model)
    address = page_of(model, "change", record.pk)
    values = REASON | filled(client.get(address).text)
    name, changed = another_text(model, values)
    count = Entry.objects.count()
    sent(client, address, values | {name: changed})
    [entry] = Entry.objects.order_by("-pk")[: Entry.objects.count() - count]
    assert (entry.object_type, entry.object_id) == (label(model), str(record.pk))
    assert (entry.actor_kind, entry.actor_id) == ("USER", str(person.pk))
    assert (list(entry.before), list(entry.after)) == ([name], [name])
    sent(client, address, REASON | filled(client.get(address).text))
    assert Entry.objects.count() == count + 1


CHANGES = {
    "accounts.vatregistration": ("number", "NL000000001B02"),
    "vat.vatrate": ("note", "as published"),
    "vat.vatpolicy": ("rc_scope", '{"DE": "any_business"}'),
    "vat.operatorvatprofile": ("country", "DE"),
    "cdrs.reviewrule": ("max_kwh", "77"),
    "accounts.token": ("visual_number", "0401 22"),
}


def another_text(model, values):
    """A field of the form, and a value that it takes."""
    if known := CHANGES.get(label(model)):
        return known
    for name in ("name", "label", "note", "text", "title", "evse_id"):
        if isinstance(values.get(name), str):
            return name, "Walked" if name != "evse_id" else "NL*EFL*E9999"
    raise AssertionError(f"{label(model)}: say in CHANGES what to change among {sorted(values)}")


# What a new record must have of its own, beside what the form of another record says.
NEW = {
    "accounts.provider": {"slug": "walked", "invoice_prefix": "WALK"},
    "accounts.vatregistration": {"country": "DE", "number": "DE000000001"},
    "accounts.account": {"number": "C-WALKED"},
    "accounts.token": {"contract_id": "NL-EFL-CWALKED1-X", "uid": "04FF"},
    "locations.operator": {"party_id": "WLK"},
    "locations.location": {"location_id": "WALKED"},
    "locations.evse": {"uid": "WALKED", "evse_id": "NL*EFL*EWALKED"},
    "roaming.party": {"party_id": "WLK"},
    "cdrs.reviewrule": {"provider": lambda: ProviderFactory().pk},
    "vat.vatpolicy": {"provider": lambda: ProviderFactory().pk},
    "vat.operatorvatprofile": {"operator": lambda: OperatorFactory().pk},
    "tariffs.tariffnote": {"text": "Walked"},
    "webhooks.subscription": {"name": "Walked"},
}


@pytest.mark.parametrize("name", list(NEW))
def test_form_of_a_new_record_leaves_one_entry_by_whoever_sent_it(name, client, person):
    model = apps.get_model(name)
    shown = fields_of(client.get(page_of(model, "change", make(model).pk)).text)
    own = {field: value() if callable(value) else value for field, value in NEW[name].items()}
    first = {field: value for field, value in shown.items() if "-" not in field}
    empty = fields_of(client.get(page_of(model, "add")).text)
    count = Entry.objects.count()
    sent(client, page_of(model, "add"), {**empty, **first, **own})
    [entry] = Entry.objects.order_by("-pk")[: Entry.objects.count() - count]
    assert (entry.object_type, entry.before) == (label(model), {})
    assert (entry.actor_kind, entry.actor_id) == ("USER", str(person.pk))
