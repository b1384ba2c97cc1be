"""
What PDFium makes of a file on standard input, in a process that is given so much memory and time and no more.

Started by `hrss.pdfs` with `python -I`, so it must not import from this project.
"""

import json
import resource
import sys

import pypdfium2
from PIL import Image

MEGABYTES = 768  # of addresses; the interpreter and its libraries need 35
SECONDS = 10  # of one processor
BROKEN, TOO_LONG = 3, 4  # how the process ends


def shown(document: pypdfium2.PdfDocument, side: int) -> None:
    """Write the pages one below the other as a PPM, in all as many pixels high or wide as `side`, or less."""
    pages = [
        page.render(scale=side / len(document) / max(page.get_size())).to_pil().convert("RGB")
        for page in document
    ]
    sheet = Image.new("RGB", (max(page.width for page in pages), sum(page.height for page in pages)), "white")
    top = 0
    for page in pages:
        sheet.paste(page, (0, top))
        top += page.height
    sheet.save(sys.stdout.buffer, "PPM")


def told(document: pypdfium2.PdfDocument) -> None:
    """Write the text of each page as a JSON list of strings."""
    json.dump([page.get_textpage().get_text_range() for page in document], sys.stdout)


def main(wanted: str, most_pages: int, side: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEGABYTES << 20,) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a file on disk with what the person sent
    try:
        document = pypdfium2.PdfDocument(sys.stdin.buffer.read())
        if not 1 <= len(document) <= most_pages:
            sys.exit(TOO_LONG)
        shown(document, side) if wanted == "shown" else told(document)
    except (pypdfium2.PdfiumError, MemoryError, ArithmeticError, ValueError):
        sys.exit(BROKEN)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
