"""A provider's colour on paper: readable whatever it is (WCAG 2.2 contrast of 4.5 to 1)."""

from typing import Final

_FALLBACK: Final = "#1f2937"
_READABLE: Final = 4.5


def on_white(colour: str) -> str:
    """The colour, darkened until text in it is readable on white."""
    red, green, blue = _parse(colour)
    while _contrast((red, green, blue), (255, 255, 255)) < _READABLE:
        red, green, blue = (int(part * 0.9) for part in (red, green, blue))
    return _hex(red, green, blue)


def tint(colour: str, *, share: float = 0.08) -> str:
    """A background with that share of the colour in white."""
    return _hex(*(round(255 - (255 - part) * share) for part in _parse(colour)))


def _parse(colour: str) -> tuple[int, int, int]:
    text = (colour if len(colour) == 7 else _FALLBACK).lstrip("#")
    return int(text[0:2], 16), int(text[2:4], 16), int(text[4:6], 16)


def _hex(red: int, green: int, blue: int) -> str:
    return f"#{red:02x}{green:02x}{blue:02x}"


def _contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: tuple[int, int, int]) -> float:
    red, green, blue = (_linear(part / 255) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
