"""Providers, their customers, and what those charge with."""

from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from apps.accounts.models import Account, Provider, Token, VatRegistration
from apps.audit.context import Actor
from apps.audit.models import AuditedModel
from apps.audit.services import record
from apps.core.errors import DomainError, InvalidInput


class PartyInvalid(InvalidInput):
    """A field of a party breaks a rule of form; the message names it."""

    code = "PARTY_INVALID"


class TokenTaken(DomainError):
    """The contract id or the uid belongs to another account."""

    code = "TOKEN_TAKEN"


@dataclass(frozen=True, slots=True)
class AccountDetails:
    """What a customer tells about itself; `country` as in ISO 3166-1, `vat_ids` with prefix."""

    name: str
    kind: str
    country: str
    street: str = ""
    postcode: str = ""
    city: str = ""
    email: str = ""
    language: str = "en"
    vat_ids: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class TokenDetails:
    """A card or an app token: the contract id, and the uid that the station reads."""

    contract_id: str
    uid: str
    kind: str = Token.Kind.RFID
    visual_number: str = ""


@transaction.atomic
def upsert_account(
    *, provider: Provider, number: str, details: AccountDetails, actor: Actor | None = None
) -> tuple[Account, bool]:
    """The provider's account of this number with these details, and whether it is new.

    The same details again change nothing. Raises PartyInvalid.
    """
    account = Account.objects.filter(provider=provider, number=number).first()
    account = account or Account(provider=provider, number=number)
    return account, _write(account, asdict(details), actor)


@transaction.atomic
def upsert_token(
    *, account: Account, details: TokenDetails, actor: Actor | None = None
) -> tuple[Token, bool]:
    """The account's token of this contract id, and whether it is new.

    Raises TokenTaken when the contract id or the uid is another account's, PartyInvalid.
    """
    token = Token.objects.filter(contract_id__iexact=details.contract_id).first()
    same_uid = Token.objects.filter(uid__iexact=details.uid).first()
    for other in (token, same_uid):
        if other is not None and (other.account_id != account.pk or other != (token or other)):
            raise TokenTaken(f"The token {other} belongs to another account.")
    token = token or same_uid or Token(account=account)
    return token, _write(token, asdict(details), actor)


@transaction.atomic
def upsert_provider(
    *, slug: str, fields: dict[str, Any], actor: Actor | None = None
) -> tuple[Provider, bool]:
    """The provider of this slug with these fields of the model, and whether it is new.

    Raises PartyInvalid.
    """
    provider = Provider.objects.filter(slug=slug).first() or Provider(slug=slug)
    return provider, _write(provider, fields, actor)


def register_vat_number(
    *,
    provider: Provider,
    country: str,
    number: str,
    active_from: date | None = None,
    active_to: date | None = None,
    actor: Actor | None = None,
) -> VatRegistration:
    """The provider's VAT number in a country, while it is valid (`active_to` is the first day it
    is not). Raises PartyInvalid."""
    known = VatRegistration.objects.filter(provider=provider, country=country, number=number)
    registration = known.first() or VatRegistration(
        provider=provider, country=country, number=number
    )
    _write(registration, {"active_from": active_from, "active_to": active_to}, actor)
    return registration


def _write(party: AuditedModel, fields: dict[str, Any], actor: Actor | None) -> bool:
    for name, value in fields.items():
        setattr(party, name, value)
    is_new = party._state.adding
    try:
        party.full_clean(validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        raise PartyInvalid(_in_words(error), errors=error.message_dict) from error
    record(f"{'created' if is_new else 'changed'} {party._meta.verbose_name}", party, actor=actor)
    return is_new


def _in_words(error: ValidationError) -> str:
    return "; ".join(
        f"{name}: {' '.join(messages)}" for name, messages in error.message_dict.items()
    )


def stop_account(*, account: Account, reason: str, actor: Actor | None = None) -> Account:
    """Its customer can't charge any more; what is unbilled is still billed."""
    account.status = Account.Status.STOPPED
    record("stopped account", account, reason=reason, actor=actor)
    return account


def reactivate_account(*, account: Account, reason: str, actor: Actor | None = None) -> Account:
    """Its customer can charge again."""
    account.status = Account.Status.ACTIVE
    record("reactivated account", account, reason=reason, actor=actor)
    return account


def block_token(*, token: Token, reason: str, actor: Actor | None = None) -> Token:
    """Nobody can charge with it any more."""
    token.is_valid = False
    record("blocked token", token, reason=reason, actor=actor)
    return token


def unblock_token(*, token: Token, reason: str, actor: Actor | None = None) -> Token:
    """Its owner can charge with it again."""
    token.is_valid = True
    record("unblocked token", token, reason=reason, actor=actor)
    return token
