"""Long lists of charges: preformatted blocks, one per page.

WeasyPrint spends about 10 ms on each table row; a page of preformatted text costs what one row
does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

LINES_PER_BLOCK: Final = 62
_STATION_WIDTH: Final = 40


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the annex, every cell as it is printed."""

    position: str
    when: str
    station: str
    energy: str
    price: str
    vat: str
    net: str

    def text(self) -> str:
        return (
            f"{self.position:>5}  {self.when:<16}  {_fit(self.station):<{_STATION_WIDTH}}  "
            f"{self.energy:>10}  {self.price:>13}  {self.vat:>6}  {self.net:>12}"
        )


@dataclass(frozen=True, slots=True)
class Block:
    """What one page of the annex lists."""

    heading: str
    text: str


def blocks(rows: Sequence[Row], *, heading: Row) -> Iterator[Block]:
    """The rows in pages."""
    remaining = iter(rows)
    while page := list(islice(remaining, LINES_PER_BLOCK)):
        yield Block(heading.text(), "\n".join(row.text() for row in page))


def _fit(text: str) -> str:
    return text if len(text) <= _STATION_WIDTH else text[: _STATION_WIDTH - 1] + "…"
