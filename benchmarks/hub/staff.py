# ruff: noqa: E402 - Django is set up before its models are imported
"""What staff and drivers do on our side, in a process of its own: a line of JSON in, one out.

    {"do": "connect", "peer": "...", "url": "...", "token": "..."}  ->  {"said": ...}

Each word calls the service that the button or the form of the admin calls; the looks at the end
read what a page would show. A refusal comes back as {"refused": code, "message": text}.
"""

import json
import sys
from datetime import timedelta
from decimal import Decimal
from typing import Any

import django

django.setup()

from django.db import close_old_connections
from django.utils import timezone

from apps.accounts.models import Account, Provider, Token
from apps.accounts.services.parties import (
    AccountDetails,
    TokenDetails,
    block_token,
    unblock_token,
    upsert_account,
    upsert_provider,
    upsert_token,
)
from apps.audit.context import Actor, set_actor
from apps.cdrs.models import CDR, ChargingSession
from apps.core.errors import DomainError
from apps.locations.models import Connector, Evse
from apps.remote_sessions.models import RemoteSession
from apps.remote_sessions.services.start import request_start
from apps.remote_sessions.services.stop import request_stop
from apps.roaming.models import KeptObject, Party, Peer, PullCursor, Push, SentCommand
from apps.roaming.ocpi.commands import write_charging_preferences, write_charging_profile
from apps.roaming.services import charging, connecting, invitations
from apps.roaming.services.finding import place_of, way_of, way_to_evse, way_to_session
from apps.roaming.services.selftest import check_peer
from apps.roaming.services.tokens import find_token
from apps.roaming.tasks import pull_peer
from apps.tariffs.models import TariffVersion

REASON = "hub suite"


def prepare(country: str, party: str, provider: str) -> None:
    """Our party, one provider and one account."""
    Party.objects.create(country_code=country, party_id=party, name="evcharge")
    brand, _ = upsert_provider(
        slug="hub-suite", fields={
            "name": provider, "legal_name": f"{provider} B.V.", "country": "NL",
            "currency": "EUR", "invoice_prefix": "HUB",
        },
    )  # fmt: skip
    details = AccountDetails(name="A. Driver", kind="PRIVATE", country="NL")
    upsert_account(provider=brand, number="1", details=details)


def add_peer(name: str, page_limit: int | None = None) -> None:
    Peer.objects.create(name=name, party=Party.objects.get(), page_limit=page_limit)


def invite(peer: str) -> str:
    return invitations.invite_peer(peer=_peer(peer), now=timezone.now())


def connect(peer: str, url: str, token: str) -> None:
    connecting.connect_peer(peer=_peer(peer), versions_url=url, token=token, now=timezone.now())


def renew(peer: str) -> None:
    connecting.update_peer(peer=_peer(peer), now=timezone.now())


def leave(peer: str) -> str:
    return connecting.leave_peer(peer=_peer(peer), reason=REASON, now=timezone.now())


def self_test(peer: str) -> list[tuple[str, bool, str]]:
    return [(each.name, each.passed, each.said) for each in check_peer(peer=_peer(peer))]


def pull(peer: str) -> None:
    """The button "Pull now": the worker does it."""
    pull_peer.delay(str(_peer(peer).pk))


def add_token(uid: str, contract_id: str) -> None:
    account = Account.objects.get(number="1", provider=Provider.objects.get(slug="hub-suite"))
    upsert_token(account=account, details=TokenDetails(contract_id=contract_id, uid=uid))


def block(uid: str) -> None:
    block_token(token=Token.objects.get(uid=uid), reason=REASON)


def unblock(uid: str) -> None:
    unblock_token(token=Token.objects.get(uid=uid), reason=REASON)


def start(operator: str, evse: str, uid: str) -> str:
    """A driver starts a charge."""
    token = Token.objects.select_related("account__provider").get(uid=uid)
    found = _evse(operator, evse)
    started = request_start(
        provider=token.account.provider, token=token, evse=found,
        connector=found.connectors.first(), now=timezone.now(),
    )  # fmt: skip
    return str(started.remote_session.pk)


def stop(remote_session: str) -> None:
    request_stop(
        remote_session_id=RemoteSession.objects.get(pk=remote_session).pk,
        by=RemoteSession.StopBy.STAFF, reason=REASON, now=timezone.now(),
    )  # fmt: skip


def reserve(operator: str, evse: str, uid: str) -> str:
    found = _evse(operator, evse)
    way = way_to_evse(found)
    token = find_token(peer=way.peer, uid=uid)
    assert token is not None
    now = timezone.now()
    sent = charging.reserve(
        peer=way.peer, operator=way.operator, token=token, place=place_of(found),
        expires_at=now + timedelta(minutes=30), reason=REASON, now=now,
        reservation_id=charging.reservation_id_of(operator, evse, uid, now),
    )  # fmt: skip
    return str(sent.pk)


def cancel(sent: str) -> str:
    reservation = SentCommand.objects.select_related("peer__party").get(pk=sent)
    way = way_of(reservation)
    return str(
        charging.cancel_reservation(
            peer=way.peer, operator=way.operator, reservation_id=reservation.reference,
            reason=REASON, now=timezone.now(),
        ).pk
    )  # fmt: skip


def unlock(operator: str, evse: str) -> str:
    found = _evse(operator, evse)
    way = way_to_evse(found)
    return str(
        charging.unlock_connector(
            peer=way.peer, operator=way.operator, reason=REASON, now=timezone.now(),
            place=place_of(found, found.connectors.first()),
        ).pk
    )  # fmt: skip


def set_profile(operator: str, session: str) -> str:
    profile = write_charging_profile(
        limit=Decimal("16.0"), unit="A", seconds=900, now=timezone.now()
    )
    return str(charging.set_charging_profile(profile=profile, **_charge(operator, session)).pk)


def ask_profile(operator: str, session: str) -> str:
    return str(charging.ask_charging_profile(seconds=900, **_charge(operator, session)).pk)


def clear_profile(operator: str, session: str) -> str:
    return str(charging.clear_charging_profile(**_charge(operator, session)).pk)


def prefer(operator: str, session: str) -> str:
    wishes = write_charging_preferences(
        profile_type="GREEN", departure=timezone.now() + timedelta(hours=8), kwh=Decimal("12.5"),
        may_discharge=False,
    )  # fmt: skip
    asked = charging.set_charging_preferences(preferences=wishes, **_charge(operator, session))
    return str(asked.pk)


def see_peer(peer: str) -> dict[str, Any]:
    found = _peer(peer)
    cursors = PullCursor.objects.filter(peer=found)
    return {
        "state": found.state, "version": found.version, "hub": found.hub_party,
        "modules": sorted(f"{e['identifier']} {e['role']}" for e in found.endpoints),
        "pulls": {
            cursor.module: {
                "received": cursor.received, "unread": cursor.unread, "error": cursor.last_error,
                "under_way": bool(cursor.next_url),
                "succeeded_at": cursor.succeeded_at and cursor.succeeded_at.timestamp(),
            }
            for cursor in cursors
        },
    }  # fmt: skip


def see_command(sent: str) -> dict[str, Any]:
    found = SentCommand.objects.get(pk=sent)
    return {
        "state": found.state, "response": found.response, "result": found.result,
        "body": found.result_body, "later": len(found.later_results),
        "message": found.response_message,
    }  # fmt: skip


def see_start(remote_session: str) -> dict[str, Any]:
    found = RemoteSession.objects.get(pk=remote_session)
    return {
        "state": found.state, "reason": found.reason, "message": found.message,
        "reference": found.authorization_reference,
        "session": found.session.session_id if found.session else "",
        "cdr": found.cdr.cdr_id if found.cdr else "",
        "commands": [
            {"kind": each.kind, "state": each.state, "result": each.result}
            for each in found.commands.order_by("asked_at")
        ],
    }  # fmt: skip


def see_stock(operator: str) -> dict[str, Any]:
    """What we know of an operator."""
    evses = Evse.objects.filter(**_of(operator, "location__operator__"))
    versions = TariffVersion.objects.filter(
        **_of(operator, "tariff__operator__"), withdrawn_at=None
    ).order_by("number")
    kept = KeptObject.objects.filter(**_of(operator), deleted_at=None)
    return {
        "evses": dict(evses.values_list("uid", "status")),
        "connectors": Connector.objects.filter(evse__in=evses, is_removed=False).count(),
        "tariffs": {v.tariff.tariff_id: v.content for v in versions.select_related("tariff")},
        "ended": [v.tariff.tariff_id for v in versions if v.active_to is not None],
        "sessions": dict(
            ChargingSession.objects.filter(**_of(operator)).values_list("session_id", "status")
        ),
        "cdrs": dict(CDR.objects.filter(**_of(operator)).values_list("cdr_id", "status")),
        "kept": {
            module: sorted(kept.filter(module=module).values_list("key", flat=True))
            for module in ("locations", "tariffs", "sessions", "tokens")
        },
    }  # fmt: skip


def see_pushes(peer: str) -> list[tuple[str, str, str]]:
    pushes = Push.objects.filter(queue__peer=_peer(peer)).order_by("number")
    return list(pushes.values_list("path", "state", "last_error"))


def _peer(name: str) -> Any:
    return Peer.objects.select_related("party").get(name=name)


def _evse(operator: str, uid: str) -> Any:
    evses = Evse.objects.select_related("location__operator")
    return evses.get(uid=uid, **_of(operator, "location__operator__"))


def _of(operator: str, prefix: str = "") -> dict[str, str]:
    country, party = operator.split("*")
    return {f"{prefix}country_code": country, f"{prefix}party_id": party}


def _charge(operator: str, session: str) -> dict[str, Any]:
    way = way_to_session(session, operator=operator)
    return {
        "peer": way.peer, "operator": way.operator, "session_id": session, "reason": REASON,
        "now": timezone.now(),
    }  # fmt: skip


WORDS = {
    each.__name__: each
    for each in (
        prepare, add_peer, invite, connect, renew, leave, self_test, pull, add_token, block,
        unblock, start, stop, reserve, cancel, unlock, set_profile, ask_profile, clear_profile,
        prefer, see_peer, see_command, see_start, see_stock, see_pushes,
    )
}  # fmt: skip


def main() -> None:
    set_actor(Actor.job("hub suite"))
    answers = sys.stdout
    # Whatever prints goes to the log; answers are lines of their own.
    sys.stdout = sys.stderr
    for line in sys.stdin:
        asked = json.loads(line)
        close_old_connections()
        try:
            said = {"said": WORDS[asked.pop("do")](**asked)}
        except DomainError as error:
            said = {"refused": error.code, "message": error.message}
        answers.write(json.dumps(said, default=str) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
