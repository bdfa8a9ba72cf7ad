"""Makes the operators, locations, EVSEs, connectors, accounts and tokens that rows speak of."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Upper

from apps.accounts.models import Account, Provider, Token
from apps.audit.context import Actor
from apps.audit.models import change_of
from apps.cdrs.imports.rows import Row
from apps.locations.models import Connector, Evse, Location, Operator

Key = tuple[Any, ...]


class Missing:
    """Remembers what is there, so that each batch of an import asks only for what is new to it.

    What can't be made (an id that is too long, a country code that is none) is left out; its
    CDRs are held then.
    """

    def __init__(self, *, provider: Provider, time_zone: str, actor: Actor | None) -> None:
        self.provider = provider
        self.time_zone = time_zone
        self.actor = actor
        self._known: dict[type[models.Model], dict[Key, Any]] = {}

    def create(self, rows: Sequence[Row]) -> None:
        """Everything that these rows need and that isn't there."""
        self._make(Operator, {_party(row): self._operator(row) for row in rows})
        self._make(Location, self._of(rows, self._location_key, self._location))
        self._make(Evse, self._of(rows, self._evse_key, self._evse))
        self._make(Connector, self._of(rows, self._connector_key, self._connector))
        self._make_tokens([row for row in rows if row.message.contract_id])

    def _of(self, rows: Sequence[Row], key_of: Any, build: Any) -> dict[Key, Any]:
        found: dict[Key, Any] = {}
        for row in rows:
            key = key_of(row)
            if key is not None and key not in found:
                found[key] = build(row)
        return found

    def _make(self, model: Any, wanted: dict[Key, Any]) -> None:
        known = self._known.setdefault(model, {})
        new = {key: one for key, one in wanted.items() if key not in known}
        if not new:
            return
        known.update(_stored(model, new.values()))
        made = {key: one for key, one in new.items() if key not in known and _fits(one)}
        model.objects.bulk_create(
            made.values(),
            audit_change=change_of(f"created {model._meta.verbose_name} for an import",
                                   actor=self.actor),
        )  # fmt: skip
        known.update(made)

    def _make_tokens(self, rows: Sequence[Row]) -> None:
        """A token that is there stays where it is; a new one gets its account."""
        known = self._known.setdefault(Token, {})
        new = {_contract(row): row for row in rows if _contract(row) not in known}
        known.update(_stored(Token, [self._token(row) for row in new.values()]))
        absent = {key: row for key, row in new.items() if key not in known}
        self._make(Account, {self._account_key(row): self._account(row) for row in absent.values()})
        accounts = self._known.setdefault(Account, {})
        tokens = {}
        for key, row in absent.items():
            if account := accounts.get(self._account_key(row)):
                tokens[key] = self._token(row, account)
        self._make(Token, tokens)

    def _operator(self, row: Row) -> Operator:
        country, party = _party(row)
        name = row.operator.get("name") or f"{country}*{party}"
        return Operator(country_code=country, party_id=party, name=name)

    def _operator_of(self, row: Row) -> Operator | None:
        return self._known.get(Operator, {}).get(_party(row))

    def _location_key(self, row: Row) -> Key | None:
        operator = self._operator_of(row)
        id = row.message.location_id.upper()
        return (operator.pk, id) if operator and id else None

    def _location(self, row: Row) -> Location:
        texts = {name: row.location.get(name, "") for name in
                 ("name", "street", "postcode", "city", "country")}  # fmt: skip
        return Location(
            operator=self._operator_of(row), location_id=row.message.location_id,
            time_zone=self.time_zone, **texts,
        )  # fmt: skip

    def _evse_key(self, row: Row) -> Key | None:
        location = self._known.get(Location, {}).get(self._location_key(row) or ())
        uid = row.message.evse_uid.upper()
        return (location.pk, uid) if location and uid else None

    def _evse(self, row: Row) -> Evse:
        location = self._known[Location][self._location_key(row) or ()]
        return Evse(location=location, uid=row.message.evse_uid, evse_id=row.message.evse_id)

    def _connector_key(self, row: Row) -> Key | None:
        evse = self._known.get(Evse, {}).get(self._evse_key(row) or ())
        id = row.message.connector_id.upper()
        return (evse.pk, id) if evse and id else None

    def _connector(self, row: Row) -> Connector:
        evse = self._known[Evse][self._evse_key(row) or ()]
        return Connector(evse=evse, connector_id=row.message.connector_id)

    def _account_key(self, row: Row) -> Key:
        return (self.provider.pk, row.account.get("number") or row.message.contract_id)

    def _account(self, row: Row) -> Account:
        _, number = self._account_key(row)
        return Account(
            provider=self.provider,
            number=number,
            kind=row.account.get("kind") or Account.Kind.PRIVATE,
            name=row.account.get("name") or row.message.contract_id,
            email=row.account.get("email", ""),
            country=row.account.get("country") or self.provider.country,
        )

    def _token(self, row: Row, account: Account | None = None) -> Token:
        contract = row.message.contract_id
        uid = row.message.token_uid or contract
        return Token(account=account, contract_id=contract, uid=uid, kind=Token.Kind.RFID)


def _party(row: Row) -> Key:
    return row.message.country_code.upper(), row.message.party_id.upper()


def _contract(row: Row) -> Key:
    return (row.message.contract_id.upper(),)


_KEYS: dict[type[models.Model], tuple[str, str]] = {
    Location: ("operator", "location_id"),
    Evse: ("location", "uid"),
    Connector: ("evse", "connector_id"),
}


def _stored(model: Any, new: Iterable[Any]) -> dict[Key, Any]:
    """Those of the wanted that are in the database, by key."""
    wanted: list[Any] = list(new)
    found: Any
    if model is Operator:
        return {
            (one.country_code.upper(), one.party_id.upper()): one for one in model.objects.all()
        }
    if model is Account:
        numbers = [one.number for one in wanted]
        found = model.objects.filter(provider=wanted[0].provider if wanted else None)
        return {(one.provider_id, one.number): one for one in found.filter(number__in=numbers)}
    if model is Token:
        ids = [one.contract_id.upper() for one in wanted]
        tokens = model.objects.alias(c=Upper("contract_id")).filter(c__in=ids)
        return {(one.contract_id.upper(),): one for one in tokens}
    parent, name = _KEYS[model]
    found = model.objects.alias(n=Upper(name)).filter(
        **{f"{parent}__in": {getattr(one, f"{parent}_id") for one in wanted}},
        n__in={getattr(one, name).upper() for one in wanted},
    )
    return {(getattr(one, f"{parent}_id"), getattr(one, name).upper()): one for one in found}


def _fits(one: models.Model) -> bool:
    try:
        one.clean_fields()
    except ValidationError:
        return False
    return True
