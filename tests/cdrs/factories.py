"""CDRs and sessions for tests: messages for the doors, rows in any state."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import factory
from factory.django import DjangoModelFactory

from apps.cdrs.messages import CdrMessage, Price, SessionMessage
from apps.cdrs.models import CDR, ChargingSession
from tests.accounts.factories import TokenFactory
from tests.locations.factories import LocationFactory

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
START = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)


class CdrMessageFactory(factory.Factory):
    """A CDR of nobody known; `of(token, location)` makes one in which nothing is odd."""

    class Meta:
        model = CdrMessage

    class Params:
        credit = factory.Trait(
            is_credit=True, total_cost=Price(Decimal("-4.20")), credit_reference_id="CDR-1"
        )

    country_code = "NL"
    party_id = "EFL"
    cdr_id = factory.Sequence(lambda n: f"CDR-{n:06}")
    started_at = START
    ended_at = factory.LazyAttribute(lambda o: o.started_at + timedelta(hours=1))
    currency = "EUR"
    kwh = Decimal("12.5")
    contract_id = "NL-EFL-C00000001-X"
    location_id = "LOC1"
    evse_id = "NL*EFL*E0012*1"
    total_cost = Price(Decimal("4.20"), Decimal("5.08"))
    raw = '{"id": "as it came"}'


def message_of_known(*, token=None, location=None, **fields):
    """A message about a token and a location that we know."""
    token = token or TokenFactory()
    location = location or LocationFactory()
    return CdrMessageFactory(
        country_code=location.operator.country_code,
        party_id=location.operator.party_id,
        location_id=location.location_id,
        contract_id=token.contract_id,
        token_uid=token.uid,
        **fields,
    )


class SessionMessageFactory(factory.Factory):
    class Meta:
        model = SessionMessage

    country_code = "NL"
    party_id = "EFL"
    session_id = factory.Sequence(lambda n: f"SESSION-{n:06}")
    status = ChargingSession.Status.ACTIVE
    started_at = START
    last_updated = START
    currency = "EUR"
    kwh = Decimal("1.5")
    contract_id = "NL-EFL-C00000001-X"
    location_id = "LOC1"


class CdrFactory(DjangoModelFactory):
    """A row of a known token and location; traits `accepted`, `rejected`, `billed`, `held`."""

    class Meta:
        model = CDR

    class Params:
        accepted = factory.Trait(status=CDR.Status.ACCEPTED, status_changed_at=NOW)
        billed = factory.Trait(status=CDR.Status.BILLED, status_changed_at=NOW)
        rejected = factory.Trait(
            status=CDR.Status.REJECTED, rejection_reason="no such session", status_changed_at=NOW
        )
        held = factory.Trait(
            is_held=True,
            hold_reasons=[{"code": "ENERGY_NEGATIVE", "message": "The energy is negative."}],
        )
        deleted = factory.Trait(deleted_at=NOW, deletion_reason="sent by mistake")

    token = factory.SubFactory(TokenFactory)
    account = factory.SelfAttribute("token.account")
    provider = factory.SelfAttribute("account.provider")
    location = factory.SubFactory(LocationFactory)
    operator = factory.SelfAttribute("location.operator")
    country_code = factory.SelfAttribute("operator.country_code")
    party_id = factory.SelfAttribute("operator.party_id")
    cdr_id = factory.Sequence(lambda n: f"CDR-{n:06}")
    contract_id = factory.SelfAttribute("token.contract_id")
    token_uid = factory.SelfAttribute("token.uid")
    location_id_sent = factory.SelfAttribute("location.location_id")
    location_name = factory.SelfAttribute("location.name")
    location_country = factory.SelfAttribute("location.country")
    location_postcode = factory.SelfAttribute("location.postcode")
    location_time_zone = factory.SelfAttribute("location.time_zone")
    evse_id = "NL*EFL*E0012*1"
    source = CDR.Source.OCPI
    started_at = START
    ended_at = factory.LazyAttribute(lambda o: o.started_at + timedelta(hours=1))
    currency = "EUR"
    kwh = Decimal("12.5")
    total_cost_excl_vat = Decimal("4.20")
    content_hash = factory.Sequence(lambda n: f"{n:064x}")
    raw = "{}"


class ChargingSessionFactory(DjangoModelFactory):
    class Meta:
        model = ChargingSession

    token = factory.SubFactory(TokenFactory)
    account = factory.SelfAttribute("token.account")
    provider = factory.SelfAttribute("account.provider")
    location = factory.SubFactory(LocationFactory)
    operator = factory.SelfAttribute("location.operator")
    country_code = factory.SelfAttribute("operator.country_code")
    party_id = factory.SelfAttribute("operator.party_id")
    session_id = factory.Sequence(lambda n: f"SESSION-{n:06}")
    contract_id = factory.SelfAttribute("token.contract_id")
    token_uid = factory.SelfAttribute("token.uid")
    location_id_sent = factory.SelfAttribute("location.location_id")
    source = ChargingSession.source.field.choices[0][0]
    status = ChargingSession.Status.ACTIVE
    started_at = START
    last_updated = START
    currency = "EUR"
    kwh = Decimal("1.5")
