"""What PDFs are printed on: pages set in the font of `hrss/fonts`, whatever characters a name or a talk brings."""

from pathlib import Path
from typing import cast

from fpdf import FPDF
from fpdf.fonts import TTFFont

FONT = Path(__file__).parent / "fonts" / "HallSansSC.ttf"
UNKNOWN = "〓"  # printers' sign for a character they have no type of


class Paper(FPDF):
    """A4 pages to which paragraphs are added one after another."""

    def __init__(self, title: str) -> None:
        super().__init__(format="A4")
        self.set_margins(22, 24)
        self.set_title(title)
        self.add_font("hall", fname=FONT)
        self.add_page()

    def paragraph(self, text: str, *, size: int = 11, height: int = 8, align: str = "L") -> None:
        self.set_font("hall", size=size)
        self.multi_cell(0, height, self.printable(text), align=align, new_x="LMARGIN", new_y="NEXT")

    def printable(self, text: str) -> str:
        """Return the text with a sign for every character that the font lacks: one of them must not stop the print."""
        known = cast(TTFFont, self.fonts["hall"]).cmap
        return "".join(each if each == "\n" or ord(each) in known else UNKNOWN for each in text)
