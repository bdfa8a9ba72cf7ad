"""Who acts, and through which door: known to every audit row without being passed around."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any
from uuid import UUID

from apps.core.errors import DomainError
from apps.core.job_names import job_name


class ActorKind(StrEnum):
    """What can change a record: a person, an API credential, or a named job."""

    USER = "USER"
    CREDENTIAL = "CREDENTIAL"
    JOB = "JOB"


class ActorMissing(DomainError):
    """A record would be changed by nobody."""

    code = "AUDIT_ACTOR_MISSING"
    http_status = 500


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changes a record. The label stays readable when the person is gone."""

    kind: ActorKind
    id: str
    label: str

    @classmethod
    def user(cls, user: Any) -> "Actor":
        """A person, any model with `pk` and a text form."""
        return cls(ActorKind.USER, str(user.pk), str(user))

    @classmethod
    def credential(cls, credential: Any) -> "Actor":
        """An API credential, any model with `pk` and a text form without the secret."""
        return cls(ActorKind.CREDENTIAL, str(credential.pk), str(credential))

    @classmethod
    def job(cls, name: str) -> "Actor":
        """A command or a background job, labelled with what people call it."""
        return cls(ActorKind.JOB, name, job_name(name))


@dataclass(frozen=True, slots=True)
class Context:
    """The door of a change: the request or the job, and who acts in it."""

    actor: Actor | None = None
    request_id: str = ""
    url: str = ""
    method: str = ""
    route: str = ""
    path: str = ""
    source_address: str = ""


_context: ContextVar[Context] = ContextVar("audit_context", default=Context())  # noqa: B039


def current() -> Context:
    """The context of the running request, task or command."""
    return _context.get()


def current_actor() -> Actor:
    """Who acts now. Raises ActorMissing outside of any request, task or command."""
    actor = current().actor
    if actor is None:
        raise ActorMissing(
            "Nobody is named as the one who changes this. Wrap the change in "
            "apps.audit.context.acting(Actor.job('name'))."
        )
    return actor


@contextmanager
def acting(actor: Actor, **door: str) -> Iterator[Context]:
    """Everything in the block is done by `actor`; `door` replaces fields of the context."""
    changed = replace(current(), actor=actor, **door)
    token = _context.set(changed)
    try:
        yield changed
    finally:
        _context.reset(token)


def set_actor(actor: Actor) -> None:
    """Name the actor once it is known (API authentication runs inside the request)."""
    _context.set(replace(current(), actor=actor))


def describe_door(*, url: str, path: str, route: str) -> None:
    """Say which view answers the request, once its path is resolved."""
    _context.set(replace(current(), url=url, path=path, route=route))


@contextmanager
def door(context: Context) -> Iterator[None]:
    """The block runs in this context."""
    token = _context.set(context)
    try:
        yield
    finally:
        _context.reset(token)


def as_uuid(text: str) -> UUID | None:
    """The text as UUID, or None: job names are ids too."""
    try:
        return UUID(text)
    except ValueError:
        return None
