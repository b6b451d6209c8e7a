"""The colours of a shop, all derived from the one that its owner chooses.

Contrast is that of WCAG 2.2, success criteria 1.4.3 (text, 4.5 to 1) and 1.4.11 (shapes, 3 to 1). `brand_ink` has at
least 4.5 to 1 on all grounds of the page, in light and in dark. `on_brand` is white or black,
whichever contrasts more, which is always at least 4.5 to 1.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

DEFAULT = "#2b3990"
PAPER, DARK_PAPER = "#fdfdfb", "#121716"
# The grounds of static/css/tokens.css: paper, wash, and the washes of madder, turmeric and leaf.
GROUNDS = (PAPER, "#f0f3ee", "#fbecea", "#fdf3d9", "#e5f3ea")
DARK_GROUNDS = (DARK_PAPER, "#1b2221", "#331a18", "#322812", "#14291e")
INK, WHITE = "#000000", "#ffffff"
MIN_TEXT, MIN_SHAPE = 4.5, 3.0  # contrast to 1
STEP = 0.01  # of lightness


@dataclass(frozen=True)
class Scheme:
    """The colours of one scheme, light or dark, as #rrggbb."""

    brand: str  # the ground of buttons and of the header's stripe
    on_brand: str  # text on it
    brand_deep: str  # the ground of a pressed button
    brand_ink: str  # links and chosen things, as text on the page


@dataclass(frozen=True)
class Palette:
    """The colours that follow from the brand colour."""

    light: Scheme
    dark: Scheme


def is_colour(text: str) -> bool:
    """Whether a text is a colour as a colour input sends it: #rrggbb."""
    return re.fullmatch(r"#[0-9a-fA-F]{6}", text) is not None


@lru_cache(maxsize=64)
def palette(colour: str) -> Palette:
    """The palette of a brand colour (#rrggbb). In the dark it is made lighter where it would be lost on the page."""
    light = colour.lower()
    dark = _until(light, STEP, MIN_SHAPE, DARK_PAPER)
    return Palette(
        _scheme(light, _until(light, -STEP, MIN_TEXT, *GROUNDS)),
        _scheme(dark, _until(dark, STEP, MIN_TEXT, *DARK_GROUNDS)),
    )


def _scheme(brand: str, brand_ink: str) -> Scheme:
    on_brand = _text_on(brand)
    return Scheme(brand, on_brand, _moved(brand, -0.08 if on_brand == WHITE else 0.08), brand_ink)


def _colour(text: str) -> Any:
    from coloraide import Color  # 7 MB of memory, needed only for an owner's own colour

    return Color(text)


def _text_on(ground: str) -> str:
    """White, or black where it is easier to read."""
    return max((WHITE, INK), key=lambda text: float(_colour(ground).contrast(text)))


def _until(colour: str, step: float, contrast: float, *grounds: str) -> str:
    """The colour, made lighter or darker until it has this contrast with all grounds."""
    by, found = 0.0, colour
    while min(_colour(found).contrast(ground) for ground in grounds) < contrast and abs(by) < 1:
        by += step
        found = _moved(colour, by)
    return found


def _moved(colour: str, by: float) -> str:
    """The colour with its lightness (OKLCH, 0 to 1) changed by `by`, in the same hue."""
    moved = _colour(colour).convert("oklch")
    moved["lightness"] = min(1.0, max(0.0, moved["lightness"] + by))
    return str(moved.convert("srgb").fit().to_string(hex=True))
