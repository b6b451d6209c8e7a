"""An image as a phone sends it, made into images as pages need them. Knows no database and no request.

Nothing of the file that was sent is passed on: it is decoded, turned upright, and encoded anew without its metadata
(a phone writes down where the photo was taken). How much memory that takes is settled before a pixel is decoded.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from threading import BoundedSemaphore
from typing import IO, Any, cast

from PIL import ExifTags, Image, ImageCms

from shop.catalog.images.paths import WIDEST, Shape, widths_of

FORMATS = ("JPEG", "PNG", "WEBP")
MAX_FILE_BYTES = 12 * 1024 * 1024  # bytes
MIN_SIDE = 160  # pixels of the shorter side
MAX_ASPECT_RATIO = 3  # how many times longer one side may be than the other
MAX_PROFILE_BYTES = 2 * 1024 * 1024  # bytes of a colour profile that is looked at
MEGAPIXEL = 1_000_000
# How many pixels are decoded. A photo straight from a camera is shrunk while it is read; everything else is held whole.
MAX_PIXELS = {"streamed": 64 * MEGAPIXEL, "JPEG": 8 * MEGAPIXEL, "PNG": 10 * MEGAPIXEL, "WEBP": 5 * MEGAPIXEL}
MAX_PARALLEL = 1  # images one process decodes at a time: each takes up to 100 MB
TURN_TIMEOUT = 15  # seconds an upload waits for its turn
FIRST_SIDEWAYS_ORIENTATION = 5  # from this EXIF orientation up, width and height change places
TRANSPOSES = {  # what makes an image upright, by its EXIF orientation
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
HEIC = (
    "it is HEIC, which only some phones can show. On an iPhone choose Settings, Camera, Formats, Most Compatible, "
    "and take it again; or send a screenshot of it"
)
AVIF = "it is AVIF, which not every phone can show. Save it as JPEG and send that"
OTHER_KINDS = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), HEIC),
    **dict.fromkeys((b"avif", b"avis"), AVIF),
}
WHITE = (255, 255, 255)
_decoding_slots = BoundedSemaphore(MAX_PARALLEL)
_SRGB = ImageCms.createProfile("sRGB")


class ImageRefused(Exception):
    """The file was not taken. The message says why and what to do; nothing was stored."""


def shrink(file: IO[bytes]) -> tuple[Shape, dict[str, bytes]]:
    """The shape of the largest size made, and each size: {"640.webp": ...}. Raises ImageRefused."""
    _check_file(file)
    with _decoding_slot():
        image = _decoded(file)
        return Shape(*image.size), dict(_encoded(image))


@contextmanager
def _decoding_slot() -> Iterator[None]:
    if not _decoding_slots.acquire(timeout=TURN_TIMEOUT):
        raise ImageRefused("the shop is busy with other images. Send it again in a minute")
    try:
        yield
    finally:
        _decoding_slots.release()


def _check_file(file: IO[bytes]) -> None:
    size = file.seek(0, 2)
    file.seek(0)
    head = file.read(16)
    if not size:
        raise ImageRefused("it is empty. Choose the image again")
    if size > MAX_FILE_BYTES:
        raise ImageRefused(f"it has {size / MEGAPIXEL:.0f} MB, more than 12. Send it in a smaller size")
    if head[4:8] == b"ftyp":
        raise ImageRefused(OTHER_KINDS.get(head[8:12], "it is a video. Choose an image"))


def _decoded(file: IO[bytes]) -> Image.Image:
    """The image upright, in sRGB, without transparency, at most WIDEST wide."""
    try:
        file.seek(0)
        with Image.open(file, formats=FORMATS) as image:  # of several images in one file, the first
            _check_pixels(image, file)
            if image.format in ("JPEG", "MPO"):
                image.draft("RGB", (2 * WIDEST, 2 * WIDEST))  # twice as fine as wanted, so that shrinking stays smooth
            orientation, profile = _orientation(image), image.info.get("icc_profile")
            image.load()
            small = _shrunk(image, sideways=orientation >= FIRST_SIDEWAYS_ORIENTATION)
        return _in_srgb(small.transpose(TRANSPOSES[orientation]) if orientation in TRANSPOSES else small, profile)
    except ImageRefused:
        raise
    except Image.DecompressionBombError as error:
        raise ImageRefused("it says it has more pixels than anybody needs. Send it in a smaller size") from error
    except Exception as error:  # decoders stumble in many ways over bytes that are no image, or half of one
        raise ImageRefused("it is no whole JPEG, PNG or WebP image. Take or save it again") from error


def _check_pixels(image: Image.Image, file: IO[bytes]) -> None:
    """Refuse, from the header alone, what would be too much to decode or is of no use on a page."""
    width, height = image.size
    kind = "JPEG" if image.format == "MPO" else str(image.format)
    most = MAX_PIXELS["streamed" if kind == "JPEG" and _streamed(file) else kind]
    if width * height > most:
        raise ImageRefused(
            f"it has {width} × {height} pixels, more than {most // MEGAPIXEL} million. Send it in a smaller size"
        )
    if min(width, height) < MIN_SIDE:
        raise ImageRefused(f"it has only {width} × {height} pixels. Take one of at least {MIN_SIDE} × {MIN_SIDE}")
    if max(width, height) > MAX_ASPECT_RATIO * min(width, height):
        raise ImageRefused(f"it is more than {MAX_ASPECT_RATIO} times as long as wide. Cut it to a fuller shape")


def _streamed(file: IO[bytes]) -> bool:
    """Whether a JPEG comes line by line, all colours in one scan: only then need it not be held whole."""
    place = file.tell()
    try:
        file.seek(2)
        colours = 0
        while len(head := file.read(4)) == 4 and head[0] == 0xFF:
            marker, length = head[1], int.from_bytes(head[2:])
            if marker == 0xDA:
                return file.read(1) == bytes([colours])
            body = file.read(length - 2) if marker in (0xC0, 0xC1) else b""
            colours = body[5] if len(body) > 5 else colours
            file.seek(length - 2 - len(body), 1)
        return False
    finally:
        file.seek(place)


def _orientation(image: Image.Image) -> int:
    """How the camera was held, as EXIF counts it; 1, upright, where that cannot be read."""
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # metadata are the part of a photo most often broken, and the least missed
        return 1
    return orientation if isinstance(orientation, int) else 1


def _shrunk(image: Image.Image, *, sideways: bool) -> Image.Image:
    width, height = image.size
    part = min(1.0, WIDEST / (height if sideways else width))
    size = max(1, round(width * part)), max(1, round(height * part))
    if image.mode.startswith("I") or image.mode == "F":  # 16 bits for each grey
        image = image.point(lambda value: value / 256, "L") if image.mode == "I" else image.convert("L")
    if image.has_transparency_data:
        return _on_white(image, size)
    if image.mode in ("P", "1", "PA", "LA"):
        image = image.convert("RGB")
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _on_white(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Without transparency; whole rows at a time, so that no second copy of a large image is held."""
    width, height = image.size
    white = Image.new("RGB", image.size, WHITE)
    step = max(1, MEGAPIXEL // width)
    for top in range(0, height, step):
        band = image.crop((0, top, width, min(top + step, height))).convert("RGBA")
        white.paste(band, (0, top), band)
    return white.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Colours as every screen shows them: the profile goes, so what it says is worked into the pixels."""
    if profile and len(profile) <= MAX_PROFILE_BYTES and image.mode in ("RGB", "CMYK", "L"):
        try:
            embedded = ImageCms.ImageCmsProfile(BytesIO(profile))
            image = cast(Image.Image, ImageCms.profileToProfile(image, embedded, _SRGB, outputMode="RGB"))
        except (ImageCms.PyCMSError, OSError):
            pass  # a profile nobody can read: the colours as they stand are the best there is
    bare = image.convert("RGB")
    bare.info = {}
    return bare


def _encoded(image: Image.Image) -> Iterator[tuple[str, bytes]]:
    """Each size as WebP, and as JPEG for browsers that lack it."""
    kinds: tuple[tuple[str, dict[str, Any]], ...] = (
        ("webp", {"format": "WEBP", "quality": 74, "method": 4}),
        ("jpg", {"format": "JPEG", "quality": 76, "optimize": True, "progressive": True}),
    )
    for width in widths_of(image.width):
        size = (width, max(1, round(image.height * width / image.width)))
        small = image if width == image.width else image.resize(size, Image.Resampling.LANCZOS)
        for ending, options in kinds:
            out = BytesIO()
            small.save(out, **options)
            yield f"{width}.{ending}", out.getvalue()
