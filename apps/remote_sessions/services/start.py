"""Asking for a start: checked, written down, paid for, and only then sent."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from apps.accounts.models import Account, Provider, Token
from apps.audit import services as audit
from apps.audit.context import Actor
from apps.core.errors import DomainError
from apps.core.money import display
from apps.events.services import emit
from apps.locations.models import Connector, Evse
from apps.payments.services import authorize_payment, request_payment
from apps.payments.states import State as PaymentState
from apps.remote_sessions.models import Command, RemoteSession
from apps.remote_sessions.operators import gateway_for
from apps.remote_sessions.services.changes import WORDS, Changes, Kind
from apps.remote_sessions.services.ending import cancel
from apps.remote_sessions.services.sending import send_command
from apps.remote_sessions.states import START_OPEN, Reason


class StartRefused(DomainError):
    """The start is refused before anybody is asked; `code` says why."""


class TokenBlocked(StartRefused):
    """The card is not valid any more."""

    code = "TOKEN_BLOCKED"


class TokenForeign(StartRefused):
    """Another provider's token is as unknown as one that isn't there."""

    code = "TOKEN_UNKNOWN"
    http_status = 404


class AccountStopped(StartRefused):
    """The customer may not charge (any more)."""

    code = "ACCOUNT_STOPPED"


class EvseNotUsable(StartRefused):
    """The EVSE is out of order, blocked, planned or removed; ask for another one."""

    code = "EVSE_NOT_USABLE"


class StartAlreadyOpen(StartRefused):
    """One start per token and EVSE at a time; `remote_session` names the one that is open."""

    code = "START_ALREADY_OPEN"


class IdempotencyKeyReused(StartRefused):
    """The key was used for another token or EVSE; take a new key for a new start."""

    code = "IDEMPOTENCY_KEY_REUSED"
    http_status = 422


NOT_USABLE = {
    Evse.Status.BLOCKED, Evse.Status.INOPERATIVE, Evse.Status.OUTOFORDER, Evse.Status.PLANNED,
    Evse.Status.REMOVED,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Preauthorization:
    """Block this much of the driver's money first; `payment_method` is the PSP's token."""

    amount: Decimal
    currency: str
    payment_method: str
    customer_reference: str = ""


@dataclass(frozen=True, slots=True)
class Started:
    """The remote session; not `created` when the same key had asked for it before."""

    remote_session: RemoteSession
    created: bool


def request_start(
    *,
    provider: Provider,
    token: Token,
    evse: Evse,
    now: datetime,
    connector: Connector | None = None,
    preauthorization: Preauthorization | None = None,
    idempotency_key: str = "",
    user: Any = None,
    actor: Actor | None = None,
) -> Started:
    """Start a charge at an EVSE of another company; the command goes out before this returns.

    Not to be called inside a transaction: the wish is committed before the PSP and the operator
    are asked. Raises the StartRefused errors, OperatorNotConnected, UnknownCurrency and
    PaymentAmountNotPositive; a declined card or a refusing operator is a CANCELLED remote session.
    """
    known = _same_request(provider, idempotency_key, token, evse)
    if known is not None:
        return Started(known, created=False)
    _check(provider, token, evse)
    try:
        with transaction.atomic(durable=True):
            remote_session, command = _write_down(
                provider,
                token,
                evse,
                connector,
                preauthorization,
                idempotency_key,
                user,
                now,
                actor,
            )
    except IntegrityError as error:
        return Started(_lost_race(provider, idempotency_key, token, evse, error), created=False)
    _pay_and_send(remote_session, command, now=now, actor=actor)
    remote_session.refresh_from_db()
    return Started(remote_session, created=True)


def _same_request(provider: Provider, key: str, token: Token, evse: Evse) -> RemoteSession | None:
    known: RemoteSession | None = (
        RemoteSession.objects.filter(provider=provider, idempotency_key=key).first()
        if key
        else None
    )
    if known is not None and (known.token_id, known.evse_id) != (token.pk, evse.pk):
        raise IdempotencyKeyReused(
            "This Idempotency-Key was used for another start.", remote_session=str(known.pk)
        )
    return known


def _check(provider: Provider, token: Token, evse: Evse) -> None:
    if token.account.provider_id != provider.pk:
        raise TokenForeign(f"The token {token.contract_id} is not known.")
    if not token.is_valid:
        raise TokenBlocked(f"The token {token.contract_id} is blocked.")
    if token.account.status != Account.Status.ACTIVE:
        raise AccountStopped(f"The account {token.account.number} is stopped.")
    if evse.status in NOT_USABLE:
        raise EvseNotUsable(
            f"{evse} is {evse.get_status_display().lower()}.", evse_status=str(evse.status)
        )
    gateway_for(evse.location.operator)
    _refuse_second(_open_start(token, evse))


def _open_start(token: Token, evse: Evse) -> RemoteSession | None:
    found: RemoteSession | None = RemoteSession.objects.filter(
        token=token, evse=evse, state__in=START_OPEN
    ).first()
    return found


def _refuse_second(open_start: RemoteSession | None) -> None:
    if open_start is not None:
        raise StartAlreadyOpen(
            f"A start with this token at {open_start.evse} is already on its way.",
            remote_session=str(open_start.pk),
        )


def _lost_race(
    provider: Provider, key: str, token: Token, evse: Evse, error: IntegrityError
) -> RemoteSession:
    """Another process wrote the same start at the same moment."""
    known = _same_request(provider, key, token, evse)
    if known is not None:
        return known
    _refuse_second(_open_start(token, evse))
    raise error


def _write_down(
    provider: Provider,
    token: Token,
    evse: Evse,
    connector: Connector | None,
    preauthorization: Preauthorization | None,
    idempotency_key: str,
    user: Any,
    now: datetime,
    actor: Actor | None,
) -> tuple[RemoteSession, Command]:
    remote_session = RemoteSession(
        provider=provider, account=token.account, user=user, token=token, evse=evse,
        connector=connector, location=evse.location, operator=evse.location.operator,
        idempotency_key=idempotency_key, requested_at=now, state_changed_at=now,
        authorization_reference=secrets.token_hex(16).upper(),
    )  # fmt: skip
    changes = Changes(now, actor)
    where = f"{evse}" + (f", connector {connector.connector_id}" if connector else "")
    changes.tell(remote_session, Kind.ASKED,
                 f"{WORDS} asked to charge at {where} ({evse.location.operator}).",
                 words=str(token))  # fmt: skip
    if preauthorization is not None:
        remote_session.payment = request_payment(
            provider=provider, account=token.account, amount=preauthorization.amount,
            reference=f"remote-session:{remote_session.pk}", currency=preauthorization.currency,
            payment_method=preauthorization.payment_method, now=now, actor=actor,
            customer_reference=preauthorization.customer_reference,
        )  # fmt: skip
    audit.record("asked for a start", remote_session, actor=actor)
    command = Command.objects.create(
        remote_session=remote_session, kind=Command.Kind.START, asked_by="DRIVER", asked_at=now
    )
    emit(type="remote_session.created", aggregate=remote_session, provider_id=provider.pk, now=now,
         data={"remote_session_id": str(remote_session.pk), "evse_id": str(evse)})  # fmt: skip
    changes.save("asked for a start")
    return remote_session, command


def _pay_and_send(
    remote_session: RemoteSession, command: Command, *, now: datetime, actor: Actor | None
) -> None:
    """A card that is declined, or of which nothing is heard, starts nothing."""
    payment = remote_session.payment
    if payment is not None:
        payment = authorize_payment(payment=payment, now=now)
        if payment.state != PaymentState.PREAUTH_ACCEPTED:
            why = payment.failure_message or "The payment service provider did not answer."
            amount = display(payment.authorized_amount, payment.currency)
            cancel(
                remote_session_id=remote_session.pk, reason=Reason.PREAUTH_FAILED,
                message=f"{amount} could not be pre-authorized. {why}", now=now, actor=actor,
            )  # fmt: skip
            return
    send_command(command_id=command.pk, now=now)
