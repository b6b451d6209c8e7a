"""The look that the owner chooses: a colour, corners and typefaces, as a small style sheet over css/tokens.css."""

from functools import lru_cache

from shop.store.palette import DEFAULT, Scheme, is_colour, palette

CORNERS = {"": "Slightly round", "square": "Square", "round": "Round"}
TYPEFACES = {
    "": "Classic: headings with serifs",
    "modern": "Modern: headings without serifs",
    "round": "Friendly: round",
}
_ROUND = {"square": "0", "round": ".875rem"}
_SERIF = {
    "modern": "var(--sans)",
    "round": 'ui-rounded, "SF Pro Rounded", Quicksand, Nunito, "Arial Rounded MT Bold", var(--sans)',
}


@lru_cache(maxsize=64)
def look_css(colour: str, corners: str, typeface: str) -> str:
    """The style sheet of a look; "" for the default. Values that are not offered count as the default."""
    colour = colour.lower() if is_colour(colour) else ""
    light, dark = "", ""
    if colour and colour != DEFAULT:
        found = palette(colour)
        light, dark = _variables(found.light), _variables(found.dark)
    if corners in _ROUND:
        light += f"--round:{_ROUND[corners]};"
    if typeface in _SERIF:
        light += f"--serif:{_SERIF[typeface]};"
    style = f":root{{{light}}}" if light else ""
    return style + (f"@media(prefers-color-scheme:dark){{:root{{{dark}}}}}" if dark else "")


def _variables(scheme: Scheme) -> str:
    return (
        f"--brand:{scheme.brand};--on-brand:{scheme.on_brand};"
        f"--brand-deep:{scheme.brand_deep};--brand-ink:{scheme.brand_ink};"
    )
