"""Files that could be uploaded instead of a product's image."""

import random
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageCms

GPS = b"Exact spot: 1.2921 S"  # must never be served, nor OWNER
OWNER = b"Phone of Achieng"
SCRIPT = b"<script>alert(document.domain)</script>"


@dataclass(frozen=True)
class Upload:
    """A file, and whether the shop should accept it: True, False, or None if both are fine."""

    what: str
    content: bytes
    taken: bool | None = False


def photo(width: int = 800, height: int = 600, kind: str = "JPEG", mode: str = "RGB", **options: object) -> bytes:
    """An image with a bright left and a dark right half, which shows how it was turned."""
    image = Image.new("RGB", (width, height), (200, 60, 40))
    image.paste((20, 30, 60), (width // 2, 0, width, height))
    out = BytesIO()
    image.convert(mode).save(out, kind, **options)  # type: ignore[arg-type]
    return out.getvalue()


def grainy(width: int, height: int, **options: object) -> bytes:
    """A photo as from a phone: detail everywhere, metadata, some megabytes."""
    grain = Image.effect_noise((width // 8, height // 8), 60).resize((width, height), Image.Resampling.BICUBIC)
    light = Image.linear_gradient("L").resize((width, height))
    image = Image.merge("RGB", (light, grain, Image.blend(light, grain, 0.5)))
    out = BytesIO()
    image.save(out, "JPEG", **{"quality": 90, "exif": exif(), **options})  # type: ignore[arg-type]
    return out.getvalue()


def scene(width: int, height: int) -> bytes:
    """A photo with ordinary detail: an object before a wall, lit from above, with some grain."""
    light = Image.linear_gradient("L").resize((width, height))
    grain = Image.effect_noise((width, height), 12)
    image = Image.merge(
        "RGB",
        [Image.blend(light.point(lambda v, part=part: 90 + v * part // 2), grain, 0.1) for part in (1.0, 0.8, 0.6)],
    )
    side = min(width, height) // 2
    thing = Image.radial_gradient("L").resize((side, side))
    image.paste(
        Image.merge("RGB", (thing, thing.point(lambda v: v * 0.6), thing.point(lambda v: v * 0.3))),
        ((width - side) // 2, (height - side) // 2),
        thing.point(lambda v: 255 if v < 180 else 0),
    )
    out = BytesIO()
    image.save(out, "JPEG", quality=90)
    return out.getvalue()


def exif(orientation: int = 1, note: bytes = GPS) -> bytes:
    """Metadata as from a phone: its orientation and place."""
    data = Image.Exif()
    data[0x0112] = orientation
    data[0x010F] = OWNER.decode()
    data[0x9286] = note.decode("latin-1")
    data.get_ifd(0x8825).update({1: "S", 2: (1.0, 17.0, 31.6), 3: "E", 4: (36.0, 49.0, 18.4)})
    return data.tobytes()


def chunk(kind: bytes, body: bytes, crc: int | None = None) -> bytes:
    """One chunk of a PNG."""
    right = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", right if crc is None else crc)


def png(width: int, height: int, body: bytes, *more: bytes, depth: int = 8, colour: int = 2) -> bytes:
    """A PNG whose header may contradict its body."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = (chunk(b"IHDR", header), *more, chunk(b"IDAT", body), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _zeros(size: int) -> bytes:
    """Compressed zeros: a thousandth of `size`."""
    packer = zlib.compressobj(9)
    block = bytes(1024 * 1024)
    return b"".join([*(packer.compress(block) for _ in range(size // len(block))), packer.flush()])


def _ftyp(brand: bytes) -> bytes:
    head = struct.pack(">I", 24) + b"ftyp" + brand + bytes(4) + brand + b"mif1"
    return head + random.Random(1).randbytes(400)


def bombs() -> Iterator[Upload]:
    """Small files that would be large images."""
    yield Upload("20,000 x 20,000 PNG, header only", png(20_000, 20_000, b""))
    yield Upload("20,000 x 20,000 PNG, a gigabyte of zeros packed", png(20_000, 20_000, _zeros(300 << 20)))
    yield Upload("a PNG just above what is decoded", png(4000, 2600, _zeros(32 << 20)))
    yield Upload("a small PNG with far too much body", png(400, 300, _zeros(200 << 20)), None)
    yield Upload("2,000,000,000 pixels wide", png(2_000_000_000, 300, b""))
    yield Upload("1 x 20,000", png(1, 20_000, zlib.compress(b"\0\0\0\0" * 20_000)))
    yield Upload("a PNG of no width", png(0, 0, b""))
    text = chunk(b"zTXt", b"Comment\0\0" + _zeros(80 << 20))
    yield Upload("a PNG whose comment unpacks to 80 MB", png(300, 300, _zeros(1 << 20), text), None)
    profile = chunk(b"iCCP", b"x\0\0" + _zeros(80 << 20))
    yield Upload("a PNG whose profile unpacks to 80 MB", png(300, 300, _zeros(1 << 20), profile), None)
    wide = bytearray(photo())
    at = wide.index(b"\xff\xc0") + 5
    wide[at : at + 4] = struct.pack(">HH", 65_000, 65_000)
    yield Upload("a JPEG that says it has 65,000 x 65,000", bytes(wide))
    wide[at : at + 4] = struct.pack(">HH", 7000, 7000)
    yield Upload("a JPEG that says it has more than it has", bytes(wide), None)
    yield Upload("a progressive JPEG too large to hold whole", photo(4000, 3000, progressive=True))
    lossless = photo(3000, 2000, "WEBP", lossless=True, method=0)
    yield Upload("a WebP too large to hold whole", lossless)


def impostors() -> Iterator[Upload]:
    """Other files with the name of an image."""
    yield Upload("HTML as .jpg", b"<!doctype html><title>x</title>" + SCRIPT)
    yield Upload("SVG", b'<svg xmlns="http://www.w3.org/2000/svg">' + SCRIPT + b"</svg>")
    yield Upload("SVG as .png", b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>')
    yield Upload("GIF that is also JavaScript", b"GIF89a/*" + photo(kind="GIF")[8:] + b"*/=1;alert(1)")
    yield Upload("GIF", photo(kind="GIF"))
    yield Upload("one-pixel GIF with a script behind it", photo(1, 1, "GIF") + SCRIPT)
    yield Upload("BMP", photo(kind="BMP"))
    yield Upload("TIFF", photo(kind="TIFF"))
    yield Upload("ICO", photo(256, 256, "ICO"))
    yield Upload("PDF", photo(kind="PDF"))
    yield Upload("JPEG 2000", photo(kind="JPEG2000"))
    yield Upload("EPS, which some programs run", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 400 300\n")
    yield Upload("HEIC, as iPhones keep photos", _ftyp(b"heic"))
    yield Upload("AVIF", photo(kind="AVIF"))
    yield Upload("video", _ftyp(b"isom"))
    yield Upload("ZIP", b"PK\x03\x04" + bytes(200))
    yield Upload("noise", random.Random(2).randbytes(50_000))
    yield Upload("only the first bytes of a JPEG", b"\xff\xd8\xff\xe0")
    yield Upload("only the first bytes of a PNG", b"\x89PNG\r\n\x1a\n")
    yield Upload("only the first bytes of a WebP", b"RIFF\xff\xff\xff\xffWEBPVP8 ")


def broken() -> Iterator[Upload]:
    """Truncated or inconsistent images."""
    whole = {"jpg": photo(), "png": photo(kind="PNG"), "webp": photo(kind="WEBP")}
    for ending, content in whole.items():
        for part in (0.05, 0.4, 0.9):
            yield Upload(f"{part:.0%} of a {ending}", content[: int(len(content) * part)])
    lines = zlib.compress((b"\0" + b"\x80" * 900) * 300)
    yield Upload("a PNG with a wrong check sum in its header", png(300, 300, lines).replace(b"IHDR", b"IHDs"))
    yield Upload("a PNG with a wrong check sum", png(300, 300, lines, chunk(b"pHYs", bytes(9), crc=1)), None)
    yield Upload("a PNG whose body is no zlib", png(300, 300, b"\xff" * 500), None)
    yield Upload("a PNG with half the lines", png(300, 300, zlib.compress((b"\0" + b"\x80" * 900) * 150)), None)
    yield Upload("a JPEG with a garbled colour profile", photo(icc_profile=b"\xff" * 3000), True)
    yield Upload("a JPEG with a huge colour profile", photo(icc_profile=bytes(3 << 20)), True)
    yield Upload("a JPEG with garbled metadata", photo(exif=b"Exif\0\0MM\0*\xff\xff\xff\xff"), True)
    yield Upload("metadata that say they are turned 99 ways", photo(exif=exif(99)), True)


def sound() -> Iterator[Upload]:
    """Unusual but valid images, some with other content inside."""
    yield Upload("JPEG", photo(), True)
    yield Upload("JPEG with where it was taken", photo(exif=exif()), True)
    yield Upload("JPEG with metadata as long as they may be", photo(exif=exif(1, b"A" * 60_000)), True)
    yield Upload("PNG with metadata", photo(kind="PNG", exif=exif()), True)
    yield Upload("WebP with metadata", photo(kind="WEBP", exif=exif(), xmp=b"<x>" + GPS + SCRIPT + b"</x>"), True)
    yield Upload("JPEG with a web page behind it", photo() + SCRIPT, True)
    yield Upload("JPEG with a web page as its comment", photo(comment=SCRIPT), True)
    yield Upload("PNG with a script in its text", _with_text(), True)
    yield Upload("JPEG with an archive behind it", photo() + b"PK\x03\x04" + bytes(300), True)
    yield Upload("palette with a transparent colour", photo(kind="PNG", mode="P", transparency=0), True)
    yield Upload("one bit", photo(kind="PNG", mode="1"), True)
    yield Upload("animated WebP", _moving("WEBP"), True)
    yield Upload("animated PNG", _moving("PNG"), True)
    yield Upload("two images in one file, as some phones send", _moving("MPO"), True)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    yield Upload("JPEG with a colour profile", photo(icc_profile=srgb), True)
    yield Upload("1 x 1", photo(1, 1, "PNG"), False)


def _with_text() -> bytes:
    body = photo(kind="PNG")
    return body[:33] + chunk(b"tEXt", b"Comment\0" + SCRIPT) + body[33:]


def _moving(kind: str) -> bytes:
    frames = [Image.new("RGB", (400, 300), colour) for colour in ("red", "green", "blue")]
    out = BytesIO()
    frames[0].save(out, kind, save_all=True, append_images=frames[1:])
    return out.getvalue()


def every_file() -> list[Upload]:
    return [*bombs(), *impostors(), *broken(), *sound()]
