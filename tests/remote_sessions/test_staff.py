"""Staff start, watch, stop and attach in the admin."""

from decimal import Decimal
from html import unescape

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from apps.accounts.models import User
from apps.audit.models import Entry
from apps.cdrs.messages import Price
from apps.payments.models import PspMessage
from apps.remote_sessions.models import RemoteSession
from tests.locations.factories import EvseFactory
from tests.payments.stripe_server import StripeServer
from tests.remote_sessions.factories import (
    NOW,
    fresh,
    held_back,
    mend,
    silent_operator,
    story,
)

ADD = "/admin/remote_sessions/remotesession/add/"


def staff(client, group: str) -> User:
    user = User.objects.create_user(f"{group}@example.com", is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    client.force_login(user)
    return user


def page(remote_session, action: str = "change") -> str:
    if action == "change":
        return reverse("admin:remote_sessions_remotesession_change", args=[remote_session.pk])
    return f"/admin/remote_sessions/remotesession/{remote_session.pk}/{action}"


def wish(world, **fields):
    return {
        "token": world.token.contract_id, "evse": world.evse.evse_id, "amount": "50",
        "card": "sandbox_card", **fields,
    }  # fmt: skip


def test_support_starts_a_charge_and_reads_its_story(world, client):
    user = staff(client, "support")

    answer = client.post(ADD, wish(world), follow=True)

    remote_session = RemoteSession.objects.get()
    assert answer.redirect_chain[-1][0] == page(remote_session)
    assert remote_session.user == user
    text = answer.content.decode()
    assert f"{world.token.contract_id} asked to charge at" in text
    assert "Pre-authorized: EUR 50.00 blocked." in text
    assert "Pending → Starting" in text


def test_a_declined_card_is_told(world, client):
    staff(client, "support")

    answer = client.post(ADD, wish(world, card="sandbox_declined"), follow=True)

    assert "The card was declined." in answer.content.decode()


def test_an_evse_id_that_several_have_is_told_with_what_to_give_instead(world, client):
    """Some operators number their EVSEs anew at each location."""
    staff(client, "support")
    other = EvseFactory(evse_id=world.evse.evse_id, uid="TWIN-1", location=world.evse.location)

    answer = client.post(ADD, wish(world))

    assert "TWIN-1" in unescape(answer.content.decode())
    client.post(ADD, wish(world, evse=other.uid))
    assert RemoteSession.objects.get().evse == other


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("token", "NL-NO-ONE", "is not known"), ("evse", "NL*NO*E1", "is not known"),
        ("amount", "-1", "greater than or equal"),
    ],
)  # fmt: skip
def test_what_is_not_known_is_said_at_its_field(world, client, field, value, says):
    staff(client, "support")

    answer = client.post(ADD, wish(world, **{field: value}))

    assert says in answer.content.decode()
    assert not RemoteSession.objects.exists()


def test_what_the_domain_refuses_is_a_message_on_the_form(world, client):
    staff(client, "support")
    world.start()

    answer = client.post(ADD, wish(world))

    assert "already on its way" in answer.content.decode()
    assert RemoteSession.objects.count() == 1


def test_support_stops_a_charge_with_a_reason(world, client):
    staff(client, "support")
    remote_session = world.active()
    world.operator_says.stops.clear()

    client.post(page(remote_session, "stop/"), {"confirmed": "1", "reason": "cable stuck"})

    assert fresh(remote_session).state == "STOPPING"
    assert len(world.operator_says.stops) == 1
    entry = Entry.objects.filter(activity="asked for a stop").get()
    assert (entry.reason, entry.actor_label) == ("cable stuck", "support@example.com")


def test_a_stop_needs_a_reason(world, client):
    staff(client, "support")
    remote_session = world.active()

    client.post(page(remote_session, "stop/"), {"confirmed": "1", "reason": " "})

    assert fresh(remote_session).state == "ACTIVE"


def test_support_attaches_a_cdr_that_nobody_could_match(world, client):
    staff(client, "support")
    remote_session = world.start()
    stray = world.send_cdr(token_uid="", contract_id="", session_id="", evse_uid="", evse_id="")

    client.post(page(remote_session, "attach-cdr"), {"cdr_id": "c-1", "reason": "same meter"})

    attached = fresh(remote_session)
    assert (attached.cdr, attached.state) == (stray, "COMPLETED")
    assert attached.cdr_matched_by == "STAFF"


def test_a_cdr_of_another_session_is_not_attached(world, client):
    staff(client, "support")
    owner = world.active()
    world.send_cdr(owner)
    other = world.start()

    answer = client.post(page(other, "attach-cdr"), {"cdr_id": "C-1", "reason": "mine"})

    assert "belongs to" in answer.content.decode()
    assert fresh(other).cdr is None


def test_support_marks_what_went_wrong(world, client):
    staff(client, "support")
    remote_session = world.active()

    client.post(page(remote_session, "mark-as-error/"), {"confirmed": "1", "reason": "on fire"})

    assert (fresh(remote_session).state, fresh(remote_session).message) == ("ERROR", "on fire")


@pytest.mark.parametrize("group", ["finance", "auditor"])
def test_finance_and_auditors_look_and_touch_nothing(world, client, group):
    staff(client, group)
    remote_session = world.active()

    assert client.get(page(remote_session)).status_code == 200
    assert client.get(ADD).status_code == 403
    for action in ("stop/", "complete/", "mark-as-error/", "attach-cdr"):
        answer = client.post(page(remote_session, action), {"confirmed": "1", "reason": "x"})
        assert answer.status_code == 403
    assert fresh(remote_session).state == "ACTIVE"


def test_finance_sees_what_a_capture_waits_for_and_settles_it_again(world, client):
    staff(client, "finance")
    remote_session = held_back(world)
    world.wait(days=2)
    world.job()
    assert "Charges without a capture" in client.get("/admin/").content.decode()
    note = fresh(remote_session).settlement_note
    assert note in unescape(client.get(page(remote_session)).content.decode())
    mend(remote_session)

    answer = client.post(page(remote_session, "settle/"), {"confirmed": "1"}, follow=True)

    assert "1 settled; 0 still wait" in answer.content.decode()
    assert fresh(remote_session).settlement == "DONE"


def test_finance_settles_many_at_once(world, client):
    staff(client, "finance")
    rows = [held_back(world)]
    mend(rows[0])

    answer = client.post(
        "/admin/remote_sessions/remotesession/",
        {"action": "settle_selected", "_selected_action": [rows[0].pk], "confirmed": "1"},
        follow=True,
    )

    assert "1 settled; 0 still wait" in answer.content.decode()
    assert fresh(rows[0]).settlement == "DONE"


def test_finance_closes_what_can_not_be_captured(world, client):
    staff(client, "finance")
    remote_session = held_back(world)

    client.post(page(remote_session, "close/"), {"confirmed": "1", "reason": "goodwill"})
    world.wait(days=400)
    world.work()

    assert fresh(remote_session).settlement == "CLOSED"
    assert fresh(remote_session).payment.state == "RELEASED"


def test_support_completes_a_charge_whose_end_was_lost(world, client):
    staff(client, "support")
    world.evse = silent_operator()
    remote_session = world.active(blocked="50")

    client.post(page(remote_session, "complete/"), {"confirmed": "1", "reason": "driver left"})

    assert fresh(remote_session).state == "COMPLETED"
    assert any("driver left" in line for line in story(remote_session))


def test_support_settles_nothing(world, client):
    staff(client, "support")
    remote_session = held_back(world)

    for action in ("settle/", "close/"):
        answer = client.post(page(remote_session, action), {"confirmed": "1", "reason": "x"})
        assert answer.status_code == 403
    assert fresh(remote_session).settlement == "WAITING"


def test_finance_refunds_a_captured_payment(world, client):
    staff(client, "finance")
    remote_session = world.active(blocked="50")
    world.send_cdr(remote_session)
    world.work()
    payment = fresh(remote_session).payment
    path = f"/admin/payments/payment/{payment.pk}/refund/"

    client.post(path, {"confirmed": "1", "reason": "station was broken"})
    world.wait(days=400)
    world.work()

    payment.refresh_from_db()
    assert (payment.state, payment.refunded_amount) == ("REFUNDED", payment.captured_amount)


def test_finance_resolves_what_a_psp_said_to_nobody(client, db):
    staff(client, "finance")
    message = PspMessage.objects.create(
        psp="stripe", event_id="evt_1", type="payment_intent.succeeded", state="UNMATCHED",
        body="{}", received_at=NOW,
    )  # fmt: skip
    assert "Payment messages without a payment" in client.get("/admin/").content.decode()

    client.post(
        f"/admin/payments/pspmessage/{message.pk}/resolve/",
        {"confirmed": "1", "reason": "A test in Stripe's dashboard."},
    )

    message.refresh_from_db()
    assert (message.state, message.resolution) == ("RESOLVED", "A test in Stripe's dashboard.")


def test_the_list_has_a_fixed_number_of_queries(world, client, django_assert_max_num_queries):
    staff(client, "support")
    from tests.accounts.factories import TokenFactory

    for n in range(6):
        world.token = TokenFactory(account=world.token.account)
        world.send_session(world.start(), session_id=f"S-{n}")

    with django_assert_max_num_queries(15):
        answer = client.get("/admin/remote_sessions/remotesession/")
    assert answer.status_code == 200


@pytest.mark.parametrize("phrase", ["s-1", "NL-EFL-C", "nl*efl*e"])
def test_a_charge_is_found_by_what_people_know_of_it(world, client, phrase):
    staff(client, "support")
    remote_session = world.active()

    answer = client.get("/admin/remote_sessions/remotesession/", {"q": phrase})

    assert page(remote_session) in answer.content.decode()


def test_the_dashboard_tells_of_the_job(world, client):
    staff(client, "support")
    world.start()
    world.job()

    text = client.get("/admin/").content.decode()

    assert "Remote session job" in text
    assert "1 looked at" in text


@pytest.fixture
def stripe(settings):
    server = StripeServer()
    settings.PAYMENTS_PSP = "stripe"
    settings.STRIPE_API_KEY, settings.STRIPE_API_BASE = "sk_test_1", server.url
    yield server
    server.shutdown()
    server.server_close()


def test_with_stripe_a_start_blocks_on_the_card_that_staff_name(world, client, stripe):
    staff(client, "support")
    assert "pm_…" in client.get(ADD).content.decode()

    client.post(ADD, wish(world, card="pm_card_visa", customer="cus_1"))

    payment = RemoteSession.objects.get().payment
    assert (payment.psp, payment.state) == ("stripe", "PREAUTH_ACCEPTED")
    assert (payment.payment_method, payment.customer_reference) == ("pm_card_visa", "cus_1")


def test_without_a_card_the_one_of_the_last_payment_is_taken(world, client, stripe):
    staff(client, "support")
    client.post(ADD, wish(world, card="pm_card_visa", customer="cus_1"))
    world.send_cdr(RemoteSession.objects.get())

    client.post(ADD, wish(world, card="", customer=""))

    newest = RemoteSession.objects.order_by("-id").first().payment
    assert (newest.payment_method, newest.customer_reference) == ("pm_card_visa", "cus_1")


def test_a_driver_without_a_card_is_told_at_the_field(world, client, stripe):
    staff(client, "support")

    answer = client.post(ADD, wish(world, card="", customer=""))

    assert "has paid with no card yet" in answer.content.decode()
    assert not RemoteSession.objects.exists()


def test_a_card_that_stripe_declines_starts_nothing(world, client, stripe):
    staff(client, "support")

    answer = client.post(ADD, wish(world, card="pm_card_chargeDeclined"), follow=True)

    assert "Your card was declined." in answer.content.decode()
    assert world.operator_says.starts == []


def test_staff_see_what_a_running_charge_has_come_to(world, client):
    staff(client, "support")
    remote_session = world.active(blocked="50")
    world.send_session(remote_session, total_cost=Price(Decimal(8)), kwh=Decimal(20))

    assert "EUR 9.68" in client.get(page(remote_session)).content.decode()
