"""Logins, failed logins and logouts in the trail."""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed

from apps.audit import services
from apps.audit.context import Actor, set_actor

# Nobody is known yet when a login fails.
LOGIN_DOOR = Actor.job("login")


def connect() -> None:
    """Listen to Django's signals."""
    user_logged_in.connect(_logged_in, dispatch_uid="audit_logged_in")
    user_logged_out.connect(_logged_out, dispatch_uid="audit_logged_out")
    user_login_failed.connect(_failed, dispatch_uid="audit_login_failed")


def _logged_in(sender: Any, user: Any, **kwargs: Any) -> None:
    actor = Actor.user(user)
    set_actor(actor)
    _note("logged in", user, actor)


def _logged_out(sender: Any, user: Any, **kwargs: Any) -> None:
    if user is not None and user.pk:
        _note("logged out", user, Actor.user(user))


def _failed(sender: Any, credentials: dict[str, Any], **kwargs: Any) -> None:
    """A known person's failed login is in their story; what a stranger typed is not kept, it may
    be a password in the wrong field."""
    model = get_user_model()
    name = credentials.get(model.USERNAME_FIELD) or credentials.get("username") or ""
    known = model._default_manager.filter(
        **{f"{model.USERNAME_FIELD}__iexact": str(name)[:254]}
    ).first()
    if known is not None:
        _note("failed to log in", known, LOGIN_DOOR)
    else:
        services.note(
            "failed to log in", object_type=model._meta.label_lower, object_id="unknown",
            object_label="somebody unknown", actor=LOGIN_DOOR,
        )  # fmt: skip


def _note(activity: str, user: Any, actor: Actor) -> None:
    services.note(
        activity, object_type=user._meta.label_lower, object_id=str(user.pk),
        object_label=str(user), person_id=user.pk, actor=actor,
        provider_id=getattr(user, "provider_id", None),
    )  # fmt: skip
