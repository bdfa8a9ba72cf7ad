"""A staff action that asks first: a page with the question and a reason, then one service call."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from apps.core.errors import DomainError

Need = Literal["required", "optional", "none"]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked before an action: its title, what it does, and whether it needs a reason."""

    title: str
    text: str = ""
    reason: Need = "required"
    danger: bool = False


class ReasonForm(forms.Form):
    """Why; kept in the trail."""

    reason = forms.CharField(
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3, "autofocus": True, "class": "staff-input"}),
        help_text="Kept in the audit trail, and shown to whoever looks at this later.",
    )

    def __init__(self, *args: Any, need: Need, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = need == "required"
        if need == "none":
            del self.fields["reason"]


def ask_then_do(
    *,
    model_admin: Any,
    request: HttpRequest,
    question: Question,
    subjects: Sequence[Any],
    do: Callable[[str], str],
    back: str,
    selected: int = 1,
    keep: Sequence[tuple[str, str]] = (),
) -> HttpResponse:
    """The page with the question; once confirmed, `do(reason)` and its message on the page `back`.

    `subjects` are shown, at most ten of `selected`; `keep` are fields that the confirmation must
    send again. A DomainError becomes a message.
    """
    confirmed = request.method == "POST" and "confirmed" in request.POST
    form = ReasonForm(request.POST if confirmed else None, need=question.reason)
    if confirmed and form.is_valid():
        _do(request, do, form.cleaned_data.get("reason", "").strip())
        return HttpResponseRedirect(back)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": question.title,
        "opts": model_admin.model._meta,
        "question": question,
        "object": subjects[0] if selected == 1 and subjects else None,
        "subjects": subjects,
        "more": selected - len(subjects),
        "form": form,
        "keep": keep,
        "back": back,
    }
    return TemplateResponse(request, "core/question.html", context)


def _do(request: HttpRequest, do: Callable[[str], str], reason: str) -> None:
    try:
        message = do(reason)
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, message)


def fields_of_selection(request: HttpRequest) -> list[tuple[str, str]]:
    """What a list's bulk action was posted with, to be posted again with the confirmation."""
    names = ("action", "select_across", "index")
    kept = [(name, request.POST[name]) for name in names if name in request.POST]
    return kept + [(ACTION_CHECKBOX_NAME, pk) for pk in request.POST.getlist(ACTION_CHECKBOX_NAME)]
