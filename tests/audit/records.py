"""One record of each kind in the trail, as tests of other rooms make them."""

from contextlib import suppress
from dataclasses import replace
from datetime import date
from decimal import Decimal

from apps.accounts.services.credentials import issue_credential
from apps.cdrs.models import CdrConflict, CdrImport, ReviewRule
from apps.cdrs.services import CdrConflicting, receive_cdr
from apps.roaming.models import PushQueue
from apps.tariffs.models import TariffNote
from apps.vat.models import OperatorVatProfile, VatId, VatPolicy, VatRate
from apps.webhooks.models import Subscription
from apps.webhooks.services import save_subscription
from tests.accounts.factories import ProviderFactory
from tests.audit.inventory import FACTORIES
from tests.billing.factories import charge, draft_of, driver, seller
from tests.cdrs.factories import NOW, message_of_known
from tests.locations.factories import OperatorFactory
from tests.payments.factories import asked
from tests.remote_sessions.factories import end_world, make_world
from tests.roaming.factories import PeerFactory
from tests.tariffs.factories import make_version


def make(model):
    """A stored record of the model. A new kind needs a factory, or a line in MAKERS."""
    if factory := FACTORIES.get(model):
        return factory()
    maker = MAKERS.get(model._meta.label_lower)
    assert maker, f"{model._meta.label}: say in MAKERS how a record is made"
    return maker()


def _note():
    return TariffNote.objects.create(
        operator=OperatorFactory(), text="Parking costs extra", channel="MAP", language="en"
    )


def _webhook():
    made = Subscription(
        provider=ProviderFactory(), name="ERP", url="https://93.184.216.34/", event_types=["cdr.*"]
    )
    save_subscription(subscription=made)
    return made


def _rate():
    return VatRate.objects.create(
        territory="NL", kind="ev_charging", rate=Decimal(21), valid_from=date(2031, 1, 1),
        source="https://example.com/law",
    )  # fmt: skip


def _draft():
    account = driver(seller())
    charge(account)
    return draft_of(account)


def _conflict():
    message = message_of_known()
    receive_cdr(message=message, source="OCPI", now=NOW)
    with suppress(CdrConflicting):
        receive_cdr(message=replace(message, kwh=Decimal(1)), source="OCPI", now=NOW)
    return CdrConflict.objects.get()


def _remote_session():
    world = make_world()
    try:
        return world.start()
    finally:
        end_world(world)


MAKERS = {
    "accounts.credential": lambda: (
        issue_credential(
            name="partner", scopes=["cdrs:read"], provider=ProviderFactory()
        ).credential
    ),
    "tariffs.tariffversion": lambda: make_version(operator=OperatorFactory()),
    "vat.vatid": lambda: VatId.objects.create(
        value="NL000000000B01", issuer="NL", state="VALID", register="VIES", confirmed_at=NOW
    ),
    "cdrs.cdrconflict": _conflict,
    "cdrs.cdrimport": lambda: CdrImport.objects.create(
        provider=ProviderFactory(),
        file_name="may.csv",
        file_sha256="0" * 64,
        rows=1,
        mapping_name="own",
        started_at=NOW,
    ),
    "payments.payment": asked,
    "billing.invoicerun": lambda: _draft().run,
    "billing.invoice": _draft,
    "remote_sessions.remotesession": _remote_session,
    "roaming.peertoken": lambda: PeerFactory(token="walked").tokens.get(),
    "roaming.pushqueue": lambda: PushQueue.objects.create(peer=PeerFactory()),
    "tariffs.tariffnote": _note,
    "tariffs.tariff": lambda: make_version(operator=OperatorFactory()).tariff,
    "vat.vatpolicy": lambda: VatPolicy.objects.create(provider=ProviderFactory()),
    "vat.operatorvatprofile": lambda: OperatorVatProfile.objects.create(
        operator=OperatorFactory(), country="NL"
    ),
    "vat.vatrate": _rate,
    "cdrs.reviewrule": lambda: ReviewRule.objects.create(provider=ProviderFactory()),
    "webhooks.subscription": _webhook,
}
