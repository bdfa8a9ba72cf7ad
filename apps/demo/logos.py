"""The logos of the demo's providers, drawn here: a bolt in the brand's colour beside its name."""

from io import BytesIO
from typing import Final

from PIL import Image, ImageDraw, ImageFont

_SCALE: Final = 4
_HEIGHT: Final = 64
_BOLT: Final = ((36, 10), (18, 36), (30, 36), (26, 54), (46, 27), (33, 27))


def draw_logo(*, name: str, colour: str) -> bytes:
    """A PNG with a transparent ground, 64 pixels high at twice the density."""
    font = ImageFont.load_default(38 * _SCALE)
    width = int(76 * _SCALE + font.getlength(name)) + 4 * _SCALE
    image = Image.new("RGBA", (width, _HEIGHT * _SCALE), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((0, 0, 64 * _SCALE, 64 * _SCALE), radius=14 * _SCALE, fill=colour)
    draw.polygon([(x * _SCALE, y * _SCALE) for x, y in _BOLT], fill="white")
    draw.text((76 * _SCALE, 32 * _SCALE), name, font=font, fill=colour, anchor="lm")
    image = image.resize((width // 2, _HEIGHT * _SCALE // 2), Image.Resampling.LANCZOS)
    content = BytesIO()
    image.save(content, format="PNG", optimize=True)
    return content.getvalue()
