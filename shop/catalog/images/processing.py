"""Image processing: an upload becomes the sizes that pages need. Uses no database and no request.

Nothing of the uploaded file is kept: it is decoded, turned upright and re-encoded without its metadata, which holds the
place of a photo. The memory this takes is limited before any pixel is decoded.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from threading import BoundedSemaphore
from typing import IO, Any, cast

from PIL import ExifTags, Image, ImageCms

from shop.catalog.images.paths import MAX_WIDTH, Shape, widths_of

FORMATS = ("JPEG", "PNG", "WEBP")
MAX_FILE_BYTES = 12 * 1024 * 1024  # bytes
MIN_SIDE = 160  # pixels
MAX_ASPECT_RATIO = 3  # longer side / shorter side
MAX_PROFILE_BYTES = 2 * 1024 * 1024  # a larger colour profile is ignored
MEGAPIXEL = 1_000_000
# Limits of what is decoded. A baseline JPEG is shrunk while it is read; everything else is held in memory whole.
MAX_PIXELS = {"streamed": 64 * MEGAPIXEL, "JPEG": 8 * MEGAPIXEL, "PNG": 10 * MEGAPIXEL, "WEBP": 5 * MEGAPIXEL}
MAX_PARALLEL = 1  # images decoded at the same time in one process: each takes up to 100 MB
TURN_TIMEOUT = 15  # seconds an upload waits to be decoded
FIRST_SIDEWAYS_ORIENTATION = 5  # from this EXIF orientation on, width and height are swapped
TRANSPOSES = {  # {EXIF orientation: what makes the image upright}
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
    """The file was refused. The message says why and what to do. Nothing was stored."""


def shrink(file: IO[bytes]) -> tuple[Shape, dict[str, bytes]]:
    """The shape of the largest size, and the file of each size: {"640.webp": ...}. Raises ImageRefused."""
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
    """The image upright, in sRGB, without transparency, at most MAX_WIDTH wide. Raises ImageRefused."""
    try:
        file.seek(0)
        with Image.open(file, formats=FORMATS) as image:  # the first, if the file holds several
            _check_pixels(image, file)
            if image.format in ("JPEG", "MPO"):
                image.draft("RGB", (2 * MAX_WIDTH, 2 * MAX_WIDTH))  # twice the needed size, for smooth shrinking
            orientation, profile = _orientation(image), image.info.get("icc_profile")
            image.load()
            small = _shrunk(image, sideways=orientation >= FIRST_SIDEWAYS_ORIENTATION)
        return _in_srgb(small.transpose(TRANSPOSES[orientation]) if orientation in TRANSPOSES else small, profile)
    except ImageRefused:
        raise
    except Image.DecompressionBombError as error:
        raise ImageRefused("it has too many pixels. Send it in a smaller size") from error
    except Exception as error:  # decoders raise many errors for bytes that are no image, or half of one
        raise ImageRefused("it is not a complete JPEG, PNG or WebP image. Take or save it again") from error


def _check_pixels(image: Image.Image, file: IO[bytes]) -> None:
    """Refuse, from the header alone, an image that is too large to decode or of no use on a page."""
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
        raise ImageRefused(f"it is more than {MAX_ASPECT_RATIO} times as long as wide. Crop it")


def _streamed(file: IO[bytes]) -> bool:
    """Whether a JPEG is baseline with all colours in one scan, so that it need not be held in memory whole."""
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
    """The EXIF orientation; 1, upright, if it cannot be read."""
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # metadata is often broken, and not needed
        return 1
    return orientation if isinstance(orientation, int) else 1


def _shrunk(image: Image.Image, *, sideways: bool) -> Image.Image:
    width, height = image.size
    part = min(1.0, MAX_WIDTH / (height if sideways else width))
    size = max(1, round(width * part)), max(1, round(height * part))
    if image.mode.startswith("I") or image.mode == "F":  # 16 bits for each grey
        image = image.point(lambda value: value / 256, "L") if image.mode == "I" else image.convert("L")
    if image.has_transparency_data:
        return _on_white(image, size)
    if image.mode in ("P", "1", "PA", "LA"):
        image = image.convert("RGB")
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _on_white(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The image on white, converted in bands, so that no second copy of a large image is held in memory."""
    width, height = image.size
    white = Image.new("RGB", image.size, WHITE)
    step = max(1, MEGAPIXEL // width)
    for top in range(0, height, step):
        band = image.crop((0, top, width, min(top + step, height))).convert("RGBA")
        white.paste(band, (0, top), band)
    return white.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert the colours to sRGB, because the colour profile is not kept."""
    if profile and len(profile) <= MAX_PROFILE_BYTES and image.mode in ("RGB", "CMYK", "L"):
        try:
            embedded = ImageCms.ImageCmsProfile(BytesIO(profile))
            image = cast(Image.Image, ImageCms.profileToProfile(image, embedded, _SRGB, outputMode="RGB"))
        except (ImageCms.PyCMSError, OSError):
            pass  # an unreadable profile: keep the colours unchanged
    bare = image.convert("RGB")
    bare.info = {}
    return bare


def _encoded(image: Image.Image) -> Iterator[tuple[str, bytes]]:
    """Each size as WebP, and as JPEG for browsers without WebP."""
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
