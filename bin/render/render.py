"""Render the demo shop's product photographs from the scenes in this folder.

    python bin/render/render.py                        all of them, about one minute of processor time each
    python bin/render/render.py teapot tin-matatu      only these
    python bin/render/render.py --preview teapot       small and without smoothing, kept in the folder preview/

Needs POV-Ray (`apt-get install povray`) and Pillow. All shapes and textures are computed: no scene reads an image.
"""

import subprocess
import sys
import tempfile
from array import array
from dataclasses import dataclass
from math import exp
from pathlib import Path

from PIL import Image, ImageChops, ImageEnhance, ImageFilter

HERE = Path(__file__).parent
PREVIEWS = HERE / "preview"  # not in git
PRODUCTS = HERE.parents[1] / "static/img/products"
MAX_WIDTH, MAX_HEIGHT = 960, 1200  # pixels; the shop serves uploads no wider either
PREVIEW = 0.25  # of the width and height
SMALLER_WIDTHS = (160, 320, 640)  # pixels; as WIDTHS in shop/catalog/images/paths.py
BRIGHTNESS = 4.0  # the scenes draw at a quarter, so that highlights are kept until they are compressed here
SHOULDER = 0.6  # from this brightness on
WHITEST = 0.97
CONTRAST = 0.44
SATURATION = 0.9  # a camera sees less colour than the scenes name
GRAIN = 2.6
IN_FOCUS = 1 - exp(-1)  # what the fog of studio.inc adds at the distance of the product
QUALITIES = (80, 74, 68, 62)  # of a JPEG: the first that makes it light enough
MAX_BYTES = 150_000  # of one file


@dataclass(frozen=True)
class Photograph:
    """One image: its name, its scene, the variant it shows, and its width and height in proportion."""

    name: str
    scene: str
    variant: int
    width: int
    height: int


@dataclass(frozen=True)
class Traced:
    """What POV-Ray drew: red, green and blue of each pixel as linear brightness, 0 to 65535."""

    size: tuple[int, int]
    values: "array[int]"


PHOTOGRAPHS = (
    Photograph("stoneware-mug", "mug", 1, 3, 2),
    Photograph("stoneware-mug-indigo", "mug", 2, 1, 1),
    Photograph("stoneware-mug-leaf", "mug", 3, 4, 5),
    Photograph("teapot", "teapot", 1, 1, 1),
    Photograph("soapstone-bowl", "bowl", 1, 3, 2),
    Photograph("chopping-board", "board", 1, 3, 2),
    Photograph("kiondo-classic", "kiondo", 1, 4, 5),
    Photograph("kiondo-classic-indigo", "kiondo", 2, 4, 5),
    Photograph("bread-basket", "bread", 1, 3, 2),
    Photograph("wall-plates", "plates", 1, 1, 1),
    Photograph("fibre-coasters", "coasters", 1, 3, 2),
    Photograph("ceramic-necklace", "ceramic", 1, 2, 3),
    Photograph("paper-bead-necklace", "paper", 1, 3, 2),
    Photograph("beaded-cuff", "cuff", 1, 3, 2),
    Photograph("beaded-cuff-blue", "cuff", 2, 3, 2),
    Photograph("beaded-star", "star", 1, 2, 3),
    Photograph("brass-hoops", "hoops", 1, 4, 5),
    Photograph("beeswax-candles", "candles", 1, 2, 3),
    Photograph("soap-bars", "soap", 1, 3, 2),
    Photograph("olive-spoon", "spoon", 1, 3, 2),
    Photograph("tin-matatu", "matatu", 1, 3, 2),
    Photograph("leather-tote", "tote", 1, 4, 5),
    Photograph("leather-tote-charcoal", "tote", 2, 4, 5),
    Photograph("kitenge-cushion", "cushion", 1, 1, 1),
    Photograph("kitenge-cushion-leaf", "cushion", 2, 1, 1),
)


def main(arguments: list[str]) -> None:
    """Render the photographs named, or all."""
    preview = "--preview" in arguments
    wanted = [one for one in arguments if not one.startswith("-")]
    for photograph in PHOTOGRAPHS:
        if not wanted or photograph.name in wanted:
            make(photograph, preview=preview)


def make(photograph: Photograph, *, preview: bool) -> None:
    """Render one photograph and write its files."""
    part = min(MAX_WIDTH / photograph.width, MAX_HEIGHT / photograph.height) * (PREVIEW if preview else 1)
    size = round(photograph.width * part), round(photograph.height * part)
    image = developed(trace(photograph, size, depth=False, smooth=not preview))
    if not preview:
        image = grainy(focused(image, trace(photograph, size, depth=True, smooth=False)))
        write(photograph.name, image)
    PREVIEWS.mkdir(exist_ok=True)
    image.save(PREVIEWS / f"{photograph.name}.png")


def trace(photograph: Photograph, size: tuple[int, int], *, depth: bool, smooth: bool) -> Traced:
    """Run POV-Ray on one thread, after everything else that wants the processor."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "traced.ppm"
        command = ["nice", "-n", "19", "povray", f"+I{photograph.scene}.pov", f"+O{file}", "+FP16", "File_Gamma=1.0"]
        quietly = ["-D", "-GD", "-GR", "-GS"]
        options = [f"+W{size[0]}", f"+H{size[1]}", "+WT1", *(["+A0.2", "+R2"] if smooth else ["-A"])]
        declared = [f"Declare=Variant={photograph.variant}", f"Declare=Depth={int(depth)}"]
        done = subprocess.run(
            [*command, *quietly, *options, *declared], cwd=HERE, capture_output=True, text=True, check=False
        )
        if done.returncode or not file.exists():
            sys.exit(f"{photograph.scene}.pov: POV-Ray failed\n{done.stderr[-900:]}")
        content = file.read_bytes()
    values = array("H", content[-size[0] * size[1] * 6 :])
    values.byteswap()
    return Traced(size, values)


def developed(traced: Traced) -> Image.Image:
    """The picture: brightness as an eye sees it, highlights compressed as film does."""
    curve = bytes(tone(value / 65535 * BRIGHTNESS) for value in range(65536))
    image = Image.frombytes("RGB", traced.size, bytes(curve[value] for value in traced.values))
    return ImageEnhance.Color(image).enhance(SATURATION)


def tone(value: float) -> int:
    """One linear brightness as an sRGB value of 0 to 255."""
    if value > SHOULDER:
        room = WHITEST - SHOULDER
        value = SHOULDER + room * (1 - exp((SHOULDER - value) / room))
    encoded = 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055
    steeper = encoded + CONTRAST * (encoded - 0.5) * encoded * (1 - encoded)
    return max(0, min(255, round(steeper * 255)))


def focused(image: Image.Image, depth: Traced) -> Image.Image:
    """The picture with what lies far before or behind the product a little out of focus."""
    away = bytes(min(255, max(0, round((abs(value / 65535 - IN_FOCUS) - 0.035) * 1960))) for value in range(65536))
    mask = Image.frombytes("L", depth.size, bytes(away[value] for value in depth.values[::3]))
    mask = mask.filter(ImageFilter.MinFilter(7)).filter(ImageFilter.GaussianBlur(1.5))  # the product keeps its edge
    image = Image.composite(
        image.filter(ImageFilter.GaussianBlur(1.5)), image, mask.point(lambda value: min(255, 2 * value))
    )
    return Image.composite(
        image.filter(ImageFilter.GaussianBlur(3)), image, mask.point(lambda value: max(0, 2 * value - 255))
    )


def grainy(image: Image.Image) -> Image.Image:
    """The picture with the fine grain of a sensor."""
    return ImageChops.add(image, Image.effect_noise(image.size, GRAIN).convert("RGB"), 1, -128)


def write(name: str, image: Image.Image) -> None:
    """The files the shop serves: the full width beside the drawing, each smaller one in a folder of its own."""
    save(image, PRODUCTS / name)
    for width in (one for one in SMALLER_WIDTHS if one < image.width):
        small = image.resize((width, round(image.height * width / image.width)), Image.Resampling.LANCZOS)
        (PRODUCTS / str(width)).mkdir(exist_ok=True)
        save(small.filter(ImageFilter.UnsharpMask(0.6, 40, 0)), PRODUCTS / str(width) / name)


def save(image: Image.Image, place: Path) -> None:
    """Write a JPEG of at most MAX_BYTES, and a WebP for browsers that take it."""
    for quality in QUALITIES:
        image.save(place.with_suffix(".jpg"), "JPEG", quality=quality, optimize=True, progressive=True)
        if place.with_suffix(".jpg").stat().st_size <= MAX_BYTES:
            break
    image.save(place.with_suffix(".webp"), "WEBP", quality=74, method=6)


if __name__ == "__main__":
    main(sys.argv[1:])
