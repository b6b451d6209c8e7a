"""The picture that a chat shows for a shared product link: photo, name and price, 1200 by 630 pixels.

WhatsApp, Facebook and X read it from `og:image`. Users report that WhatsApp leaves out files of more than about 300 KB.
"""

from io import BytesIO
from pathlib import Path

from PIL import Image, ImageColor, ImageDraw, ImageFont, ImageOps

WIDTH, HEIGHT = 1200, 630
MARGIN = 56  # pixels, as all sizes here
MAX_BYTES = 300_000
MAX_NAME_LINES = 4
PAPER, INK = "#fdfdfb", "#18211f"


def share_card(photo: Path | None, name: str, price: str, shop_name: str, brand: str) -> bytes:
    """The card as a JPEG. Without a photo the name takes the whole width. `brand` is #rrggbb, for the stripe on top.

    Raises OSError if the photo cannot be read.
    """
    card = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    left = MARGIN
    if photo is not None:
        with Image.open(photo) as opened:
            card.paste(ImageOps.fit(opened.convert("RGB"), (HEIGHT, HEIGHT)), (0, 0))
        left = HEIGHT + MARGIN
    draw = ImageDraw.Draw(card)
    draw.rectangle((left - MARGIN, 0, WIDTH, 12), fill=ImageColor.getrgb(brand))
    room = WIDTH - left - MARGIN
    top = _write(draw, name, (left, 90), 52, room, MAX_NAME_LINES)
    _write(draw, price, (left, top + 28), 60, room, 1)
    _write(draw, shop_name, (left, HEIGHT - MARGIN - 40), 34, room, 1)
    return _saved(card)


def _write(draw: ImageDraw.ImageDraw, text: str, at: tuple[int, int], size: int, room: int, most: int) -> int:
    """Write a text in at most `most` lines; returns where the next may begin."""
    font = ImageFont.load_default(size)
    left, top = at
    for line in _lines(text, font, room, most):
        draw.text((left, top), line, font=font, fill=INK)
        top += round(size * 1.25)
    return top


def _lines(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, room: int, most: int) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    if len(lines) > most:
        lines = [*lines[: most - 1], f"{lines[most - 1]} …"]
    return [_cut(line, font, room) for line in lines]


def _cut(line: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, room: int) -> str:
    if font.getlength(line) <= room:
        return line
    while line and font.getlength(f"{line}…") > room:
        line = line[:-1]
    return f"{line}…"


def _saved(card: Image.Image) -> bytes:
    """The JPEG in the best quality that keeps it within MAX_BYTES; if none does, in the lowest."""
    for quality in (85, 70, 55, 40):
        file = BytesIO()
        card.save(file, "JPEG", quality=quality, optimize=True, progressive=True)
        if file.tell() <= MAX_BYTES:
            break
    return file.getvalue()
