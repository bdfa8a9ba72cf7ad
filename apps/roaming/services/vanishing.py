"""After a full pull: what the peer no longer lists is no longer valid (`mod_locations`, GET)."""

from dataclasses import replace
from typing import Final

from django.db.models import Q
from django.utils import timezone

from apps.locations.publishing import get_or_add_operator, publish_locations
from apps.roaming.models import KeptObject, Peer, PullCursor
from apps.roaming.ocpi import json
from apps.roaming.ocpi.fields import Fields
from apps.roaming.ocpi.headers import PartyRef
from apps.roaming.ocpi.locations import read_location
from apps.roaming.services.tariff_book import settle_in_book, tariff_id_of

_LISTED_IN_FULL: Final = {"locations", "tariffs"}


def remove_vanished(*, peer: Peer, cursor: PullCursor) -> int:
    """Mark what the finished full pull did not list; EVSEs of such locations become REMOVED,
    such tariffs end.

    What was pushed since the pull began stays. Returns how many objects vanished.
    """
    if cursor.module not in _LISTED_IN_FULL:
        return 0
    rows = KeptObject.objects.filter(
        Q(seen_at=None) | Q(seen_at__lt=cursor.started_at),
        peer=peer, module=cursor.module, deleted_at=None, updated_at__lt=cursor.started_at,
    )  # fmt: skip
    if cursor.operator:
        country, party = cursor.operator.split("*", 1)
        rows = rows.filter(country_code=country, party_id=party)
    vanished = list(rows)
    now = timezone.now()
    KeptObject.objects.filter(pk__in=[row.pk for row in vanished]).update(deleted_at=now)
    for row in vanished:
        if cursor.module == "locations":
            _remove_evses(row)
        else:
            settle_in_book(
                owner=PartyRef.of(row.country_code, row.party_id), tariff_id=tariff_id_of(row),
                now=now, reason="no longer listed by the operator",
            )  # fmt: skip
    return len(vanished)


def _remove_evses(row: KeptObject) -> None:
    location = read_location(Fields(json.read(row.body)))
    operator = get_or_add_operator(country_code=row.country_code, party_id=row.party_id, name="")
    publish_locations(operator=operator, messages=[replace(location, evses=())])
