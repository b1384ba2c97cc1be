"""Files that are traps: bombs, files that are two things at once, and what is hidden in a picture."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
import zlib

import pytest
from PIL import Image

from faq import manuals
from hrss import pdf_process, pdfs, pictures
from hrss.errors import ManualUnreadable, PhotoRefusal
from tests.conftest import ROOT
from tests.hrss.people import card, file_of

MARK = b"<script>alert(document.cookie)</script>"
MEGABYTES_MORE = 600  # that one decoded picture may take, with the copies that are made of it


def png(width: int, height: int, *, declared: tuple[int, int] | None = None) -> bytes:
    """Return a PNG of one colour: small to send, large to open."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    head = b"".join(side.to_bytes(4, "big") for side in declared or (width, height)) + b"\x08\x06\0\0\0"
    packer = zlib.compressobj(9)
    row = b"\0" + b"\x80\x40\xc0\xff" * width
    pixels = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def polyglot(kind: str) -> bytes:
    """Return a picture that is an archive and a page with a script, too."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("index.html", MARK)
    return file_of(card(), kind) + MARK + archive.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_of_a_file_that_is_two_things_only_the_picture_is_kept(kind: str) -> None:
    data = polyglot(kind)
    assert zipfile.is_zipfile(io.BytesIO(data))

    kept = pictures.encoded_anew(data).jpeg

    assert MARK not in kept
    assert not zipfile.is_zipfile(io.BytesIO(kept))


@pytest.mark.parametrize(
    "data",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"GIF89a" + b"\0" * 400,
        b"MZ" + b"\0" * 400,
        b"PK\x03\x04" + b"\0" * 400,
        b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><x>&e;</x>",
        b"%!PS-Adobe-3.0\n",
        b"II*\0" + b"\0" * 400,
        b"",
    ],
    ids=["svg", "gif", "program", "archive", "xml", "postscript", "tiff", "empty"],
)
def test_what_is_none_of_the_four_kinds_is_refused_by_its_content(data: bytes) -> None:
    with pytest.raises(PhotoRefusal) as refused:
        pictures.encoded_anew(data)
    assert refused.value.key == "photo_wrong_type"


@pytest.mark.parametrize("declared", [(100_000, 100_000), (60_001, 1_000), (1, 2**31 - 1)])
def test_a_picture_that_says_it_is_huge_is_not_opened(declared: tuple[int, int]) -> None:
    with pytest.raises(PhotoRefusal):
        pictures.encoded_anew(png(10, 10, declared=declared))


def one_colour(kind: str, width: int, height: int) -> bytes:
    return file_of(Image.new("RGB", (width, height), "gray"), kind, progressive=True, method=0)


def declaring(photo: bytes, width: int, height: int) -> bytes:
    """Return a JPEG that says it is of another size: decoding begins with room for all of it."""
    start = photo.index(b"\xff\xc2") + 5
    return photo[:start] + height.to_bytes(2, "big") + width.to_bytes(2, "big") + photo[start + 4 :]


def pdf_of(photo: bytes, width: int, height: int, *, drawn: bytes = b"/I Do") -> bytes:
    """Return a PDF of one page, drawn by these operators, with a JPEG that can be drawn."""
    packed = zlib.compress(drawn, 9)
    image = (
        f"<</Type/XObject/Subtype/Image/Width {width}/Height {height}/ColorSpace/DeviceRGB/BitsPerComponent 8"
    )
    return b"\n".join(
        (
            b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj",
            b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 640 480]/Contents 5 0 R/Resources<</XObject<</I 4 0 R>>>>>>endobj",
            f"4 0 obj{image}/Filter/DCTDecode/Length {len(photo)}>>stream".encode(),
            photo,
            b"endstream endobj",
            f"5 0 obj<</Filter/FlateDecode/Length {len(packed)}>>stream".encode(),
            packed,
            b"endstream endobj\ntrailer<</Root 1 0 R>>\n",
        )
    )


SMALL = one_colour("JPEG", 64, 48)


@pytest.mark.parametrize(
    "bomb",
    [
        png(7_700, 7_700),
        one_colour("WEBP", 4_990, 4_990),
        one_colour("WEBP", 7_700, 7_700),
        declaring(SMALL, 7_700, 7_700),
        pdf_of(declaring(SMALL, 20_000, 20_000), 20_000, 20_000),
        pdf_of(SMALL, 64, 48, drawn=b"q Q " * 75_000_000),
    ],
    ids=["PNG", "WebP", "larger WebP", "JPEG", "JPEG in a PDF", "PDF that unpacks to much"],
)
def test_what_is_opened_takes_a_bounded_memory(bomb: bytes) -> None:
    """In a process of its own: what a process once took shows in its peak for ever, and `ru_maxrss` shows its parent's, too."""
    assert len(bomb) < 1_000_000
    script = (
        "import resource, sys\n"
        "from hrss import pictures\nfrom hrss.errors import PhotoRefusal\n"
        "def peak(): return int(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])\n"
        "data = sys.stdin.buffer.read()\n"
        "before = peak()\n"
        "try: pictures.encoded_anew(data)\n"
        "except PhotoRefusal as refused: print(refused.key)\n"
        "else: print('opened')\n"
        "print(peak() - before)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], input=bomb, cwd=ROOT, capture_output=True, check=True
    )

    answer, here, in_its_process = run.stdout.split()
    assert answer in (b"photo_blank", b"photo_blurred", b"photo_broken", b"photo_too_dark")
    assert int(here) / 1024 < MEGABYTES_MORE
    assert int(in_its_process) / 1024 <= pdf_process.MEGABYTES


def test_a_pdf_that_works_for_ever_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdfs, "WAIT_SECONDS", 0.5)
    with pytest.raises(PhotoRefusal) as refused:
        pictures.encoded_anew(pdf_of(SMALL, 64, 48, drawn=b"q Q " * 75_000_000))
    assert refused.value.key == "photo_broken"
    with pytest.raises(ManualUnreadable):
        manuals.read("手册.pdf", pdf_of(SMALL, 64, 48, drawn=b"q Q " * 75_000_000))


def test_a_pdf_of_absurd_pages_is_refused_or_scaled() -> None:
    page = (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 WIDTH HEIGHT]>>endobj\ntrailer<</Root 1 0 R>>\n"
    )
    for width, height in ((2_000_000, 2_000_000), (1, 14_400), (0, 0), (-5, 5)):
        with pytest.raises(PhotoRefusal):
            pictures.encoded_anew(
                page.replace(b"WIDTH", str(width).encode()).replace(b"HEIGHT", str(height).encode())
            )


def test_a_picture_of_many_frames_is_its_first() -> None:
    frames = [card(), *(Image.new("RGB", card().size, colour) for colour in ("red", "blue", "green"))]
    data = file_of(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)

    picture = pictures.encoded_anew(data)

    assert (picture.width, picture.height) == frames[0].size
