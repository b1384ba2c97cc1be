"""Pictures as people send them: refused if nobody could read them, else encoded anew."""

import io
import threading
from dataclasses import dataclass

import numpy
from PIL import Image, ImageOps, UnidentifiedImageError

from hrss import pdfs
from hrss.errors import (
    PhotoBlank,
    PhotoBlurred,
    PhotoBroken,
    PhotoTooDark,
    PhotoTooLarge,
    PhotoTooManyPages,
    PhotoTooSmall,
    PhotoWrongType,
)

MEGABYTES = 10
PAGES = 2  # the two sides of a card
LEAST_LONG, LEAST_SHORT = 400, 250
LONGEST_SIDE = 2400
# More is a trap, or no photo of a card. Of a WebP four copies are made when it is opened.
MOST_PIXELS = {"JPEG": 60_000_000, "PNG": 60_000_000, "WEBP": 25_000_000}
JPEG_QUALITY = 88

# Measured in grey values from 0 to 255, on the picture scaled down: a photo of a card that can just be read is well
# on the right side of each.
MEASURED_SIDE = 512
LEAST_SPREAD = 4.0
LEAST_BRIGHTNESS = 35.0
LEAST_SHARPNESS = 12.0

# Pictures that are decoded at once: each may take as much memory as MOST_PIXELS allows.
_decoding = threading.BoundedSemaphore(2)


@dataclass(frozen=True)
class Picture:
    jpeg: bytes
    width: int
    height: int


def encoded_anew(data: bytes) -> Picture:
    """A JPEG of what is to be seen, without anything else that was in the file."""
    if len(data) > MEGABYTES * 1024 * 1024:
        raise PhotoTooLarge(megabytes=MEGABYTES)
    with _decoding:
        image = _opened(data)
    if max(image.size) < LEAST_LONG or min(image.size) < LEAST_SHORT:
        raise PhotoTooSmall(width=LEAST_LONG, height=LEAST_SHORT)
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    _refuse_unreadable(image)
    written = io.BytesIO()
    image.save(written, "JPEG", quality=JPEG_QUALITY)
    return Picture(written.getvalue(), *image.size)


def _opened(data: bytes) -> Image.Image:
    if data.startswith(b"%PDF-"):
        return _of_pdf(data)
    if data.startswith(b"\xff\xd8\xff"):
        kind = "JPEG"
    elif data.startswith(b"\x89PNG\r\n\x1a\n"):
        kind = "PNG"
    elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        kind = "WEBP"
    else:
        raise PhotoWrongType()
    try:
        with Image.open(io.BytesIO(data), formats=[kind]) as image:
            if image.width * image.height > MOST_PIXELS[kind]:
                raise PhotoBroken()
            # Made small first, or every copy below would be as large as the trap allows.
            image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            # Rotated as the camera meant it; what is transparent turns white.
            upright = ImageOps.exif_transpose(image).convert("RGBA")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise PhotoBroken() from None
    # Put on new paper, only the pixels come along: no EXIF, no profile, no comment.
    paper = Image.new("RGBA", upright.size, "white")
    return Image.alpha_composite(paper, upright).convert("RGB")


def _of_pdf(data: bytes) -> Image.Image:
    try:
        return pdfs.shown(data, pages=PAGES, side=LONGEST_SIDE)
    except pdfs.PdfTooLong:
        raise PhotoTooManyPages(limit=PAGES) from None
    except pdfs.PdfUnreadable:
        raise PhotoBroken() from None


def _refuse_unreadable(image: Image.Image) -> None:
    small = image.convert("L")
    small.thumbnail((MEASURED_SIDE, MEASURED_SIDE))
    grey = numpy.asarray(small, dtype=numpy.float32)
    if grey.std() < LEAST_SPREAD:
        raise PhotoTooDark() if grey.mean() < LEAST_BRIGHTNESS else PhotoBlank()
    if grey.mean() < LEAST_BRIGHTNESS:
        raise PhotoTooDark()
    # The second derivative: edges of letters make it vary, a blur smooths it away.
    laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * grey[1:-1, 1:-1]
    if laplacian.var() < LEAST_SHARPNESS:
        raise PhotoBlurred()
