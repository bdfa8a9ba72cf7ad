"""Sessions of a real operator, as it published them, priced by arithmetic that stands beside them.

Dundee City Council, charging sessions of September 2018, Open Government Licence v3.0. Charging was
free there: the tariff is ours, by day and by night in British Summer Time (UTC+1).
"""

import pytest

from tests.tariffs.messages import Session, component, element, euro, tariff

TERMS = tariff(
    element(component("ENERGY", "0.12"), start_time="22:00", end_time="08:00"),
    element(component("FLAT", "0.38"), component("ENERGY", "0.15")),
    currency="GBP",
)


@pytest.mark.parametrize(
    ("event", "start", "minutes", "kwh", "total"),
    [
        # 0.38 + 22.287 x 0.12; over midnight until 07:03
        ("7751157", "2018-09-06T22:55:00Z", 428, "22.287", "3.0544"),
        # 0.38 + 7.08 x 0.12
        ("7751142", "2018-09-06T22:38:00Z", 10, "7.08", "1.2296"),
        # 0.38 + 32.023 x 0.12; 22:56 in Dundee is night, 21:56 UTC would be day
        ("7751112", "2018-09-06T21:56:00Z", 60, "32.023", "4.2228"),
        # 0.38 + 70.984 x 0.15
        ("7737064", "2018-09-03T08:07:00Z", 264, "70.984", "11.0276"),
        # 0.38 + 0.06 x 0.15; 21:40 in Dundee is day
        ("7751018", "2018-09-06T20:40:00Z", 1, "0.06", "0.3890"),
        # 0.38 + 0.009 x 0.15; ended in the minute in which it began
        ("7750667", "2018-09-06T18:04:00Z", 0, "0.009", "0.3814"),
    ],
)
def test_sessions_of_dundee(event: str, start: str, minutes: int, kwh: str, total: str) -> None:
    session = Session(start, id=event, currency="GBP", cdr_location={"country": "GBR"}).charge(
        minutes, kwh
    )
    assert session.price(TERMS, zone="Europe/London").total == euro(total)
