"""
What a PDF shows and what it says.

PDFium reads it in a process of its own: a file of a kilobyte can ask for gigabytes or for minutes, and a fault in
that library would end every conversation with it.
"""

import io
import json
import logging
import subprocess
import sys

from PIL import Image

from hrss import pdf_process

MOST_PAGES_OF_TEXT = 2000
WAIT_SECONDS = 60  # for a process that may use a sixth of it


log = logging.getLogger(__name__)


class PdfUnreadable(Exception):
    """The file is damaged, locked, or needs more memory or time than it gets."""


class PdfTooLong(Exception):
    """The file has more pages than wanted, or none."""


def shown(data: bytes, *, pages: int, side: int) -> Image.Image:
    """The pages one below the other, together at most `side` pixels high and wide."""
    return Image.open(io.BytesIO(_read(data, "shown", pages, side)), formats=["PPM"])


def told(data: bytes) -> list[str]:
    """The text of each page."""
    texts: list[str] = json.loads(_read(data, "told", MOST_PAGES_OF_TEXT, 0))
    return texts


def _read(data: bytes, wanted: str, pages: int, side: int) -> bytes:
    command = [sys.executable, "-I", pdf_process.__file__, wanted, str(pages), str(side)]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=WAIT_SECONDS)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise PdfUnreadable from None
    if done.returncode == pdf_process.TOO_LONG:
        raise PdfTooLong
    if done.returncode:
        if (
            done.returncode != pdf_process.BROKEN
        ):  # a trap that was closed, or a machine on which it cannot start
            log.warning("a PDF was given up; its process ended with %s", done.returncode)
        raise PdfUnreadable
    return done.stdout
