"""Finds the operators, locations and tokens that messages speak of, many at once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.db.models.functions import Upper

from apps.accounts.models import Account, Provider, Token
from apps.cdrs.holds import Known
from apps.cdrs.messages import CdrMessage, ChargeMessage
from apps.cdrs.models import CDR
from apps.locations.models import Evse, Location, Operator


@dataclass(frozen=True, slots=True)
class Found:
    """Who and where a message is about, as far as we know them."""

    operator: Operator | None
    location: Location | None
    token: Token | None
    provider: Provider | None
    known: Known

    @property
    def account(self) -> Account | None:
        return self.token.account if self.token else None


class References:
    """The parties, stations and tokens of a batch of messages, in at most six queries."""

    def __init__(self, messages: Sequence[ChargeMessage]) -> None:
        self._operators = _operators(messages)
        self._locations = _locations(self._operators.values(), messages)
        self._of_evse = _locations_of_evses(self._operators.values(), messages)
        self._by_contract = _tokens("contract_id", {m.contract_id.upper() for m in messages})
        self._by_uid = _tokens("uid", {m.token_uid.upper() for m in messages})
        self._credited = _credited(messages)

    def find(self, message: ChargeMessage, *, provider: Provider | None) -> Found:
        """`provider`: whose customers the sender speaks of; None when that isn't known.

        A token of another provider isn't linked: one provider can't charge another's customers.
        """
        operator = self._operators.get(_party(message))
        location = self._location(message, operator)
        token = self._by_contract.get(message.contract_id.upper()) or self._by_uid.get(
            message.token_uid.upper()
        )
        is_foreign = bool(token and provider and token.account.provider_id != provider.pk)
        known = Known(
            operator=operator is not None,
            location=location is not None,
            token=token is not None,
            token_is_valid=token is None or token.is_valid,
            token_of_other_provider=is_foreign,
            credited_cdr=_credit_key(message) in self._credited,
        )
        own = None if is_foreign else token
        return Found(
            operator, location, own, provider or (own.account.provider if own else None), known
        )

    def _location(self, message: ChargeMessage, operator: Operator | None) -> Location | None:
        if operator is None:
            return None
        if message.location_id:
            return self._locations.get((operator.pk, message.location_id.upper()))
        return self._of_evse.get((operator.pk, message.evse_id.upper()))


def _party(message: ChargeMessage) -> tuple[str, str]:
    return message.country_code.upper(), message.party_id.upper()


def _operators(messages: Sequence[ChargeMessage]) -> dict[tuple[str, str], Operator]:
    wanted = Q(pk__in=[])
    for country, party in {_party(message) for message in messages}:
        wanted |= Q(c=country, p=party)
    found = Operator.objects.alias(c=Upper("country_code"), p=Upper("party_id")).filter(wanted)
    return {(one.country_code.upper(), one.party_id.upper()): one for one in found}


def _locations(
    operators: Collection[Operator], messages: Sequence[ChargeMessage]
) -> dict[tuple[object, str], Location]:
    ids = {message.location_id.upper() for message in messages} - {""}
    if not ids or not operators:
        return {}
    found = Location.objects.alias(i=Upper("location_id")).filter(operator__in=operators, i__in=ids)
    return {(one.operator_id, one.location_id.upper()): one for one in found}


def _locations_of_evses(
    operators: Collection[Operator], messages: Sequence[ChargeMessage]
) -> dict[tuple[object, str], Location]:
    ids = {m.evse_id.upper() for m in messages if not m.location_id} - {""}
    if not ids or not operators:
        return {}
    found = (
        Evse.objects.alias(i=Upper("evse_id"))
        .filter(location__operator__in=operators, i__in=ids)
        .select_related("location")
    )
    return {(one.location.operator_id, one.evse_id.upper()): one.location for one in found}


def _tokens(column: str, values: set[str]) -> dict[str, Token]:
    values = values - {""}
    if not values:
        return {}
    found = (
        Token.objects.alias(v=Upper(column))
        .filter(v__in=values)
        .select_related("account__provider")
    )
    return {getattr(token, column).upper(): token for token in found}


def _credit_key(message: ChargeMessage) -> tuple[str, str, str]:
    reference = message.credit_reference_id if isinstance(message, CdrMessage) else ""
    return (*_party(message), reference.upper())


def _credited(messages: Sequence[ChargeMessage]) -> set[tuple[str, str, str]]:
    """The CDRs that credits among the messages name: of those we have, and of these messages."""
    keys = {_credit_key(message) for message in messages}
    keys = {key for key in keys if key[2]}
    if not keys:
        return set()
    rows = CDR.objects.live().identities(keys).values_list("country_code", "party_id", "cdr_id")
    known = {(country.upper(), party.upper(), cdr.upper()) for country, party, cdr in rows}
    bills = [each for each in messages if isinstance(each, CdrMessage) and not each.is_credit]
    return known | {(*_party(bill), bill.cdr_id.upper()) for bill in bills}
