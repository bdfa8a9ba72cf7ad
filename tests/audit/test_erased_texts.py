"""What people wrote of somebody in their own words goes when that somebody is erased."""

from dataclasses import replace
from decimal import Decimal

import pytest
from django.core.management import call_command

from apps.accounts.models import Account
from apps.audit.models import Entry
from apps.audit.personal import ERASED
from apps.cdrs.models import CDR, CdrConflict
from apps.cdrs.services import (
    CdrConflicting,
    delete_cdr,
    receive_cdr,
    reject_cdr,
    resolve_conflict,
)
from apps.payments.models import PspMessage
from apps.payments.services import request_release
from apps.payments.services.messages import resolve_message
from apps.remote_sessions.operators import CommandResponse
from tests.accounts.factories import AccountFactory, TokenFactory
from tests.audit.database_dump import columns_with
from tests.cdrs.factories import NOW, CdrFactory, message_of_known
from tests.payments.factories import blocked, settled
from tests.remote_sessions.factories import end_world, fresh, make_world

pytestmark = pytest.mark.django_db

SAID = "Mrs Quastenbrink was never there"


@pytest.fixture
def token():
    account = AccountFactory(name="Wilhelmina Quastenbrink", number="C78", email="")
    return TokenFactory(account=account)


def erase(reason="asked to"):
    call_command("erase_person", "C78", "--reason", reason, "--yes")


def test_staff_s_words_about_a_cdr_go_though_they_say_only_the_surname(token):
    rejected = CdrFactory(token=token, remark="Card of Quastenbrink")
    reject_cdr(cdr=rejected, reason=SAID, now=NOW)
    deleted = CdrFactory(token=token)
    delete_cdr(cdr=deleted, reason=SAID, now=NOW)
    erase()
    assert columns_with(["Quastenbrink"]) == {}
    rejected.refresh_from_db()
    deleted.refresh_from_db()
    assert (rejected.rejection_reason, rejected.remark) == (ERASED, ERASED)
    assert (deleted.deletion_reason, deleted.remark) == (ERASED, "")


def test_staff_s_words_about_a_conflict_go(token):
    message = message_of_known(token=token)
    receive_cdr(message=message, source="OCPI", now=NOW)
    with pytest.raises(CdrConflicting):
        receive_cdr(message=replace(message, kwh=Decimal(1)), source="OCPI", now=NOW)
    resolve_conflict(conflict=CdrConflict.objects.get(), resolution=SAID, now=NOW)
    erase()
    assert CdrConflict.objects.get().resolution == ERASED
    assert columns_with(["Quastenbrink"]) == {}


def test_notes_on_remote_sessions_go(token):
    world = make_world(token=token)
    try:
        world.operator_says.answers = [CommandResponse("REJECTED", message=SAID)]
        remote = fresh(world.start())
    finally:
        end_world(world)
    remote.settlement_note = SAID
    remote.save()
    erase()
    remote = fresh(remote)
    assert (remote.state, remote.message, remote.settlement_note) == ("CANCELLED", ERASED, ERASED)
    assert columns_with(["Quastenbrink"]) == {}


def test_staff_s_words_about_messages_of_the_psp_go(token):
    payment = blocked(account=token.account)
    request_release(payment_id=payment.pk, reason="asked to", now=NOW)
    assert settled(payment).state == "RELEASED"
    for number, about in enumerate((payment, None)):
        message = PspMessage.objects.create(
            psp="stripe", event_id=f"evt_{number}", type="payment_intent.canceled", body="{}",
            payment=about, state=PspMessage.State.UNMATCHED, received_at=NOW,
        )  # fmt: skip
        resolve_message(message=message, resolution=SAID, now=NOW)
    erase()
    said = PspMessage.objects.order_by("event_id").values_list("resolution", flat=True)
    assert list(said) == [ERASED, f"Mrs {ERASED} was never there"]
    assert columns_with(["Quastenbrink"]) == {}


@pytest.mark.parametrize(
    "reason", ["Wilhelmina Quastenbrink asked by letter", "Mrs QUASTENBRINK asked by letter"]
)
def test_the_reason_of_erasing_is_kept_without_the_name(token, reason):
    CdrFactory(token=token)
    erase(reason)
    assert columns_with(["Quastenbrink"]) == {}
    done = Entry.objects.get(activity="erased person")
    assert done.reason.endswith("asked by letter")
    # Of the records it is protected under a key that is gone.
    of_cdr = Entry.objects.get(activity="erased driver of CDR")
    assert of_cdr.reason == ERASED
    assert CDR.objects.get().history.latest().history_change_reason == ERASED


def test_what_is_written_later_of_an_erased_driver_s_cdr_can_t_be_read_in_the_trail(token):
    cdr = CdrFactory(token=token)
    erase()
    cdr.refresh_from_db()
    reject_cdr(cdr=cdr, reason=SAID, now=NOW)
    assert set(columns_with(["Quastenbrink"])) == {"cdrs_cdr.rejection_reason"}


def test_a_company_s_name_is_blanked_whole_only():
    AccountFactory(name="Energy Taxi", number="C78", kind=Account.Kind.BUSINESS)
    erase("Energy Taxi ended, no energy was sold after")
    assert Entry.objects.get(activity="erased person").reason == (
        f"{ERASED} ended, no energy was sold after"
    )
