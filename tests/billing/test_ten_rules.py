"""The rules of billing, one after the other; credit notes (the third) come later."""

import hashlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from apps.audit.models import Entry, UnauditedWrite
from apps.billing import services
from apps.billing.models import (
    BillingHold,
    Invoice,
    InvoiceDocument,
    InvoiceFrozen,
    InvoiceLine,
    InvoiceRun,
    InvoiceVatTotal,
)
from apps.billing.states import InvoiceStateConflict
from apps.cdrs.guards import CdrDeletionRefused
from apps.cdrs.models import CDR
from apps.cdrs.services import delete_cdr
from apps.events.models import Event
from tests.accounts.factories import VatRegistrationFactory
from tests.billing.factories import (
    AUGUST,
    NOW,
    SEPTEMBER,
    charge,
    draft_of,
    driver,
    issued,
    issued_with_one_charge,
    run,
    seller,
)
from tests.locations.factories import LocationFactory

pytestmark = pytest.mark.django_db


def written(sql: str, *values: object) -> None:
    """What somebody with the database's own client would do."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)


def key(row: object) -> object:
    """A primary key as the database's own client writes it."""
    return row.pk.hex if connection.vendor == "sqlite" else row.pk


# 1: the number is given last, without gaps


def test_rule_1_drafts_have_no_number():
    account = driver(seller())
    charge(account)
    draft = draft_of(account)
    assert (draft.number, draft.series, draft.issued_at) == (None, None, None)


def test_rule_1_numbers_count_per_seller_and_year():
    one, other = seller(invoice_prefix="AMP"), seller(invoice_prefix="VOL")
    accounts = [driver(one), driver(one), driver(other), driver(one)]
    numbers = []
    for account, now in zip(accounts, [NOW, NOW, NOW, NOW + timedelta(days=150)], strict=True):
        charge(account)
        numbers.append(issued(account, now=now).number)
    assert numbers == ["AMP-2018-00001", "AMP-2018-00002", "VOL-2018-00001", "AMP-2019-00001"]


def test_rule_1_year_is_that_of_the_sellers_own_day():
    account = driver(seller(invoice_prefix="AMP"))
    charge(account)
    # Already the first of January in Amsterdam.
    invoice = issued(account, now=datetime(2018, 12, 31, 23, 30, tzinfo=UTC))
    assert invoice.number == "AMP-2019-00001"
    assert str(invoice.issue_date) == "2019-01-01"


def test_rule_1_invoice_that_can_not_be_issued_takes_no_number(monkeypatch):
    account = driver(seller(invoice_prefix="AMP"))
    charge(account)
    draft = draft_of(account)

    def fail(**_: object) -> None:
        raise RuntimeError("the outbox is full")

    with monkeypatch.context() as patch:
        patch.setattr("apps.billing.services.issuing.emit", fail)
        with pytest.raises(RuntimeError):
            services.issue_invoice(invoice=draft, now=NOW)
    assert Invoice.objects.get(pk=draft.pk).state == Invoice.State.DRAFT
    assert CDR.objects.get().status == CDR.Status.ACCEPTED
    assert services.issue_invoice(invoice=draft, now=NOW).number == "AMP-2018-00001"


def test_rule_1_database_lets_a_series_go_up_by_one_only():
    issued_with_one_charge()
    for wrong in (0, 3):
        with pytest.raises(IntegrityError, match="numbers go up by one"):
            written("UPDATE billing_invoiceseries SET last_number = %s", wrong)
    with pytest.raises(IntegrityError, match="a series is kept"):
        written("DELETE FROM billing_invoiceseries")


def test_rule_1_database_refuses_a_number_twice():
    invoice = issued_with_one_charge()
    account = driver(seller())
    charge(account)
    draft = draft_of(account)
    draft.state, draft.issued_at, draft.issue_date = "ISSUED", NOW, NOW.date()
    draft.series, draft.sequence, draft.number = invoice.series, invoice.sequence, "OTHER-1"
    with pytest.raises(IntegrityError), transaction.atomic():
        draft.save()
    draft.sequence, draft.number = 2, invoice.number
    with pytest.raises(IntegrityError), transaction.atomic():
        draft.save()


# 2: issued means frozen


def test_rule_2_issued_invoice_keeps_what_it_was_made_with():
    invoice = issued_with_one_charge()
    provider, account = invoice.provider, invoice.account
    seller_before, buyer_before = dict(invoice.seller), dict(invoice.buyer)
    provider.legal_name, provider.brand_colour, provider.iban = "New Name B.V.", "#111111", ""
    provider.save()
    account.name = "Married Name"
    account.save()
    again = Invoice.objects.get(pk=invoice.pk)
    assert again.seller == seller_before
    assert again.buyer == buyer_before
    assert again.seller["vat_number"] == "NL000000000B01"
    decision = again.lines.get().tax_decision
    assert (decision["tax_country"], decision["rate"], decision["rule"]) == ("NL", "21", "1")
    assert decision["facts"]["station_country"] == "NL"


def test_rule_2_model_refuses_every_change():
    invoice = issued_with_one_charge()
    invoice.gross_total += 1
    with pytest.raises(InvoiceFrozen):
        invoice.save()
    with pytest.raises(InvoiceFrozen):
        Invoice.objects.bulk_update([invoice], ["gross_total"])
    with pytest.raises((InvoiceFrozen, UnauditedWrite)):
        Invoice.objects.update(gross_total=0)
    for part in (invoice.lines.get(), invoice.vat_totals.get()):
        part.net_amount += 1
        with pytest.raises(InvoiceFrozen):
            part.save()
        with pytest.raises(InvoiceFrozen):
            part.delete()
        with pytest.raises(InvoiceFrozen):
            type(part).objects.update(net_amount=0)
        with pytest.raises(InvoiceFrozen):
            type(part).objects.all().delete()


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("UPDATE billing_invoice SET gross_total = 0, net_total = 0, vat_total = 0", "invoice"),
        ("UPDATE billing_invoice SET state = 'DRAFT', number = NULL", "invoice"),
        ("DELETE FROM billing_invoice", "invoice"),
        ("UPDATE billing_invoiceline SET net_amount = 0", "issued invoice"),
        ("DELETE FROM billing_invoiceline", "issued invoice"),
        ("UPDATE billing_invoicevattotal SET vat_amount = 0", "issued invoice"),
        ("DELETE FROM billing_invoicevattotal", "issued invoice"),
        ("UPDATE billing_invoicedocument SET file_name = 'other.pdf'", "append-only"),
        ("DELETE FROM billing_invoicedocument", "append-only"),
    ],
)
def test_rule_2_database_refuses_every_change(sql, message):
    invoice = issued_with_one_charge()
    InvoiceDocument.objects.create(
        invoice=invoice, format="PDF", file_name="a.pdf", content=b"%PDF", sha256="0" * 64
    )
    with pytest.raises(IntegrityError, match=message):
        written(sql)


def test_rule_2_nothing_is_added_to_an_issued_invoice():
    invoice = issued_with_one_charge()
    line = InvoiceLine(
        invoice=invoice, position=2, description="smuggled", net_amount=1, vat_category="S",
        vat_rate=21, price_basis="RETAIL",
    )  # fmt: skip
    total = InvoiceVatTotal(
        invoice=invoice, vat_category="S", vat_rate=9, net_amount=1, vat_amount=1
    )
    for part in (line, total):
        with pytest.raises(InvoiceFrozen):
            part.save()
        with pytest.raises(IntegrityError), transaction.atomic():
            type(part).objects.bulk_create([part])


def test_rule_2_line_of_a_draft_can_not_be_moved_to_an_issued_invoice():
    invoice = issued_with_one_charge()
    account = driver(seller())
    charge(account)
    line = draft_of(account).lines.get()
    with pytest.raises(IntegrityError, match="issued invoice"):
        written(
            "UPDATE billing_invoiceline SET invoice_id = %s, position = 9 WHERE id = %s",
            key(invoice), key(line),
        )  # fmt: skip


def test_rule_2_documents_are_written_once_with_their_hash():
    invoice = issued_with_one_charge()
    documents = services.make_documents(invoice_id=invoice.pk)
    assert [document.format for document in documents] == ["PDF", "XML"]
    for document in documents:
        assert document.sha256 == hashlib.sha256(bytes(document.content)).hexdigest()
    assert services.make_documents(invoice_id=invoice.pk) == documents
    document.file_name = "other.pdf"
    with pytest.raises(InvoiceFrozen):
        document.save()
    with pytest.raises(InvoiceFrozen):
        document.delete()
    with pytest.raises(InvoiceFrozen):
        InvoiceDocument.objects.all().delete()


# 4: runs are idempotent


def snapshot() -> list[object]:
    tables = (Invoice, InvoiceLine, InvoiceVatTotal, InvoiceRun, BillingHold)
    return [list(model.objects.order_by("pk").values()) for model in tables]


def test_rule_4_second_run_does_nothing():
    provider = seller()
    charge(driver(provider))
    charge(driver(provider), total_cost_excl_vat=None)
    run(provider)
    before, entries = snapshot(), Entry.objects.count()
    again = run(provider, now=NOW + timedelta(days=1))
    assert snapshot() == before
    assert Entry.objects.count() == entries
    assert again.drafts["unchanged"] == 1
    assert len(again.held) == 1


def test_rule_4_run_after_issue_does_nothing():
    invoice = issued_with_one_charge()
    before = snapshot()
    run(invoice.provider)
    assert snapshot() == before


def test_rule_4_charge_is_on_one_live_line_only():
    invoice = issued_with_one_charge()
    line = invoice.lines.get()
    account = driver(invoice.provider)
    charge(account)
    other = draft_of(account)
    with pytest.raises(IntegrityError), transaction.atomic():
        InvoiceLine.objects.bulk_create([
            InvoiceLine(invoice=other, position=9, cdr=line.cdr, description="again", net_amount=1,
                        vat_category="S", vat_rate=21, price_basis="RETAIL")])  # fmt: skip


def test_rule_4_one_invoice_per_seller_account_period_kind_and_partition():
    account = driver(seller())
    charge(account)
    draft = draft_of(account)
    double = Invoice(
        provider=draft.provider, account=account, period_start=draft.period_start,
        period_end=draft.period_end, currency="EUR", tax_country="NL", partition="EUR/NL",
    )  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        double.save()


def test_rule_4_run_brings_drafts_into_agreement_with_their_charges():
    account = driver(seller())
    kept = charge(account, total_cost_excl_vat=Decimal(10))
    gone = charge(account, day=8, total_cost_excl_vat=Decimal(5))
    draft = draft_of(account)
    assert draft.net_total == 15
    delete_cdr(cdr=gone, reason="sent by mistake", now=NOW)
    charge(account, day=9, total_cost_excl_vat=Decimal(2))
    assert run(account.provider).drafts["changed"] == 1
    again = Invoice.objects.get(account=account)
    assert again.pk == draft.pk
    assert (again.net_total, again.line_count) == (12, 2)
    assert again.lines.order_by("position").first().cdr == kept


def test_rule_4_run_that_fails_says_so_and_goes_on_when_started_again(monkeypatch):
    provider = seller()
    accounts = [driver(provider) for _ in range(3)]
    for account in accounts:
        charge(account)
    from apps.billing.services import drafting

    keep_holds, calls = drafting.keep_holds, []

    def fail_at_the_second(**kwargs: object) -> None:
        calls.append(kwargs)
        if len(calls) == 2:
            raise RuntimeError("disk full")
        keep_holds(**kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(drafting, "keep_holds", fail_at_the_second)
        with pytest.raises(RuntimeError):
            run(provider)
    failed = InvoiceRun.objects.get()
    assert (failed.state, failed.error) == ("FAILED", "RuntimeError: disk full")
    assert Invoice.objects.count() == 1
    run(provider)
    finished = InvoiceRun.objects.get()
    assert (finished.state, finished.error) == ("FINISHED", "")
    assert Invoice.objects.count() == 3
    assert finished.totals["EUR"]["invoices"] == 3


# 5: one seller VAT registration, one currency, one kind; category O alone


def test_rule_5_invoice_holds_one_tax_country_and_one_currency():
    provider = seller()
    VatRegistrationFactory(provider=provider, country="DE", number="DE123456789")
    account = driver(provider)
    german = LocationFactory(country="DE", postcode="10115", time_zone="Europe/Berlin")
    charge(account, total_cost_excl_vat=Decimal(10))
    charge(account, location=german, total_cost_excl_vat=Decimal(20))
    charge(account, currency="CHF", total_cost_excl_vat=Decimal(30))
    run(provider)
    assert {
        (i.partition, i.currency, i.tax_country, i.seller_vat_country, i.net_total, i.vat_total)
        for i in Invoice.objects.all()
    } == {
        ("EUR/NL", "EUR", "NL", "NL", Decimal(10), Decimal("2.1")),
        ("EUR/DE", "EUR", "DE", "DE", Decimal(20), Decimal("3.8")),
        ("CHF/NL", "CHF", "NL", "NL", Decimal(30), Decimal("6.3")),
    }


def test_rule_5_invoice_prints_the_sellers_number_of_its_tax_country():
    provider = seller()
    VatRegistrationFactory(provider=provider, country="DE", number="DE123456789")
    account = driver(provider)
    charge(account, location=LocationFactory(country="DE", time_zone="Europe/Berlin"))
    assert issued(account).seller["vat_number"] == "DE123456789"


def test_rule_5_outside_the_scope_of_vat_stands_alone():
    provider = seller()
    account = driver(provider)
    # Heligoland levies no VAT.
    charge(account, location=LocationFactory(
        country="DE", postcode="27498", time_zone="Europe/Berlin"))  # fmt: skip
    charge(account)
    run(provider)
    invoices = {i.partition: i for i in Invoice.objects.all()}
    assert set(invoices) == {"EUR/NL", "EUR/NL/O"}
    outside = invoices["EUR/NL/O"]
    assert (outside.tax_country, outside.vat_total) == ("", 0)
    assert {row.vat_category for row in outside.vat_totals.all()} == {"O"}
    assert outside.vat_totals.get().note


# 6: half up per line, VAT once per rate


def test_rule_6_net_is_rounded_per_line_and_vat_once_per_rate():
    account = driver(seller())
    for day in (1, 2, 3):
        charge(account, day=day, total_cost_excl_vat=Decimal("0.0151"))
    draft = draft_of(account)
    assert [line.net_amount for line in draft.lines.all()] == [Decimal("0.02")] * 3
    # 0.06 at 21 % is 0.0126; three times 0.0042 would come to nothing.
    assert (draft.net_total, draft.vat_total, draft.gross_total) == (
        Decimal("0.06"), Decimal("0.01"), Decimal("0.07"))  # fmt: skip


def test_rule_6_rate_is_that_of_the_stations_local_date():
    provider = seller(country="DE")
    account = driver(provider)
    german = LocationFactory(country="DE", postcode="10115", time_zone="Europe/Berlin")
    # 16 % from 1 July 2020; the second ends at 00:30 in Berlin on that day, 22:30 UTC before.
    for hour in (21, 22):
        end = datetime(2020, 6, 30, hour, 30, tzinfo=UTC)
        charge(
            account, location=german, started_at=end - timedelta(hours=1), ended_at=end,
            total_cost_excl_vat=Decimal(100),
        )  # fmt: skip
    run(provider, AUGUST.of_month("2020-07"))
    draft = Invoice.objects.get()
    assert {(row.vat_rate, row.vat_amount) for row in draft.vat_totals.all()} == {
        (19, 19),
        (16, 16),
    }


# 7: unknown is held


@pytest.mark.parametrize(
    ("buyer", "station", "code"),
    [
        ({}, {"country": "", "time_zone": ""}, "VAT_HELD"),
        ({}, {"country": "DE", "time_zone": "Europe/Berlin"}, "VAT_REGISTRATION_MISSING"),
        ({"business": True, "vat_ids": ["DE136695976"]},
         {"country": "DE", "time_zone": "Europe/Berlin"}, "VAT_HELD"),
        ({}, {"country": "ES", "postcode": "35001", "time_zone": "Atlantic/Canary"}, "VAT_MANUAL"),
    ],
)  # fmt: skip
def test_rule_7_charge_without_a_sure_tax_is_held_with_its_reason(buyer, station, code):
    provider = seller()
    cdr = charge(driver(provider, **buyer), location=LocationFactory(**station))
    summary = run(provider)
    hold = BillingHold.objects.get()
    assert (hold.cdr, hold.code, hold.resolved_at) == (cdr, code, None)
    assert hold.message
    assert hold.details["facts"]["station_country"] == (station["country"] or None)
    assert [held.code for held in summary.held] == [code]
    assert not Invoice.objects.exists()
    assert InvoiceRun.objects.get().held == 1


def test_rule_7_mended_hold_is_billed_by_the_next_run():
    provider = seller()
    account = driver(provider)
    cdr = charge(account, location=LocationFactory(country="DE", time_zone="Europe/Berlin"))
    run(provider)
    VatRegistrationFactory(provider=provider, country="DE", number="DE123456789")
    run(provider)
    hold = BillingHold.objects.get(cdr=cdr)
    assert hold.resolved_at == NOW
    assert Invoice.objects.get().lines.get().cdr == cdr


def test_rule_7_charge_of_nobody_is_held():
    provider = seller()
    cdr = charge(driver(provider))
    cdr.account = cdr.token = None
    cdr.save()
    [held] = run(provider).held
    assert (held.code, held.cdr_id) == ("ACCOUNT_MISSING", cdr.pk)


# 8: late charges


def test_rule_8_late_charge_goes_to_a_later_run():
    account = driver(seller())
    charge(account, day=7)
    first = issued(account)
    late = charge(account, day=8)
    summary = run(account.provider, AUGUST)
    assert summary.late == 1
    assert Invoice.objects.count() == 1
    run(account.provider, SEPTEMBER)
    second = Invoice.objects.live().exclude(pk=first.pk).get()
    assert str(second.period_start) == "2018-09-01"
    assert second.lines.get().cdr == late


def test_rule_8_charge_of_the_next_month_waits():
    account = driver(seller())
    # 23:30 UTC on the last of August is already September in Amsterdam.
    charge(
        account, started_at=datetime(2018, 8, 31, 22, 0, tzinfo=UTC),
        ended_at=datetime(2018, 8, 31, 23, 30, tzinfo=UTC),
    )  # fmt: skip
    inside = charge(
        account, started_at=datetime(2018, 8, 31, 20, 0, tzinfo=UTC),
        ended_at=datetime(2018, 8, 31, 21, 59, tzinfo=UTC),
    )  # fmt: skip
    assert [line.cdr for line in draft_of(account).lines.all()] == [inside]


def test_rule_8_charge_on_another_periods_draft_stays_there():
    account = driver(seller())
    charge(account)
    draft = draft_of(account)
    run(account.provider, SEPTEMBER)
    assert list(Invoice.objects.all()) == [draft]


def test_rule_8_billed_charge_is_never_priced_again():
    invoice = issued_with_one_charge()
    provider = invoice.provider
    provider.retail_price_per_kwh = Decimal("0.99")
    provider.save()
    run(provider)
    run(provider, SEPTEMBER)
    assert list(Invoice.objects.all()) == [invoice]


# 9: dry run, bounds, sums


def test_rule_9_dry_run_writes_nothing_and_comes_to_the_same():
    provider = seller()
    for _ in range(3):
        account = driver(provider)
        charge(account, total_cost_excl_vat=Decimal("3.333"))
        charge(account, day=8, total_cost_excl_vat=None)
    before, entries, events = snapshot(), Entry.objects.count(), Event.objects.count()
    rehearsal = run(provider, dry_run=True)
    assert snapshot() == before
    assert (Entry.objects.count(), Event.objects.count()) == (entries, events)
    real = run(provider)
    assert rehearsal.totals == real.totals
    assert [h.cdr_id for h in rehearsal.held] == [h.cdr_id for h in real.held]
    services.issue_invoices(provider=provider, now=NOW)
    assert run(provider, dry_run=True).totals == real.totals


def test_rule_9_runaway_line_is_held(settings):
    settings.BILLING_MAX_LINE_NET = {"*": Decimal(100), "JPY": Decimal(20000)}
    account = driver(seller())
    charge(account, total_cost_excl_vat=Decimal("100.01"))
    charge(account, day=8, total_cost_excl_vat=Decimal(100))
    charge(account, day=9, currency="JPY", total_cost_excl_vat=Decimal(15000))
    [held] = run(account.provider).held
    assert held.code == "LINE_OVER_LIMIT"
    assert InvoiceLine.objects.count() == 2


def test_rule_9_runaway_invoice_is_held_in_all_its_lines(settings):
    settings.BILLING_MAX_INVOICE_NET = {"*": Decimal(100)}
    account = driver(seller())
    for day in (1, 2, 3):
        charge(account, day=day, total_cost_excl_vat=Decimal(40))
    summary = run(account.provider)
    assert [held.code for held in summary.held] == ["INVOICE_OVER_LIMIT"] * 3
    assert not Invoice.objects.exists()


def test_rule_9_totals_of_the_run_are_the_sum_of_its_invoices():
    provider = seller()
    for n in range(5):
        account = driver(provider)
        for day in range(1, 4 + n):
            charge(account, day=day, total_cost_excl_vat=Decimal("1.115") * day)
        charge(account, currency="GBP")
    summary = run(provider)
    for currency, turnover in summary.totals.items():
        invoices = Invoice.objects.filter(currency=currency)
        assert turnover.invoices == len(invoices)
        assert turnover.lines == InvoiceLine.objects.filter(invoice__in=invoices).count()
        assert turnover.net == sum(i.net_total for i in invoices)
        assert turnover.vat == sum(i.vat_total for i in invoices)
        assert turnover.gross == sum(i.gross_total for i in invoices)
        assert InvoiceRun.objects.get().totals[currency] == turnover.as_json()


def test_rule_9_discarded_draft_leaves_the_totals_of_its_run():
    provider = seller()
    one, other = driver(provider), driver(provider)
    cdr = charge(one)
    charge(other)
    run(provider)
    draft = Invoice.objects.get(account=one)
    services.discard_draft(invoice=draft, reason="wrong tariff", now=NOW)
    assert InvoiceRun.objects.get().totals["EUR"]["invoices"] == 1
    assert not InvoiceLine.objects.filter(cdr=cdr, is_live=True).exists()
    run(provider)
    again = Invoice.objects.live().get(account=one)
    assert again.pk != draft.pk
    assert again.lines.get().cdr == cdr


# 10: after commit, through the outbox


def test_rule_10_issuing_tells_the_outbox_and_bills_the_charges_at_once():
    invoice = issued_with_one_charge()
    event = Event.objects.get(type="invoice.issued")
    assert event.aggregate_id == str(invoice.pk)
    assert event.data["number"] == invoice.number
    assert event.data["gross"] == str(invoice.gross_total)
    assert CDR.objects.get().status == CDR.Status.BILLED
    assert not invoice.documents.exists()


def test_rule_10_pdf_is_made_after_the_commit(django_capture_on_commit_callbacks, settings):
    settings.CELERY_TASK_ALWAYS_EAGER = True
    from evcharge.celery import app

    app.conf.task_always_eager = True
    try:
        with django_capture_on_commit_callbacks(execute=True):
            invoice = issued_with_one_charge()
    finally:
        app.conf.task_always_eager = False
    document = invoice.documents.get(format="PDF")
    assert bytes(document.content).startswith(b"%PDF-1.7")


def test_rule_10_sweeper_makes_what_got_lost():
    invoice = issued_with_one_charge()
    assert services.make_missing_documents(now=NOW + timedelta(minutes=1)) == 0
    assert services.make_missing_documents(now=NOW + timedelta(minutes=3)) == 1
    assert services.make_missing_documents(now=NOW + timedelta(minutes=4)) == 0
    assert invoice.documents.count() == 2


# States


def test_issued_and_discarded_invoices_do_not_move():
    invoice = issued_with_one_charge()
    with pytest.raises(InvoiceStateConflict):
        services.issue_invoice(invoice=invoice, now=NOW)
    with pytest.raises(InvoiceStateConflict):
        services.discard_draft(invoice=invoice, reason="too late", now=NOW)
    account = driver(seller())
    charge(account)
    draft = draft_of(account)
    services.discard_draft(invoice=draft, reason="wrong", now=NOW)
    with pytest.raises(InvoiceStateConflict):
        services.issue_invoice(invoice=draft, now=NOW)


def test_billed_charge_can_not_be_deleted():
    issued_with_one_charge()
    with pytest.raises(CdrDeletionRefused):
        delete_cdr(cdr=CDR.objects.get(), reason="x", now=NOW)
    assert CDR.objects.get().deleted_at is None
