"""
Make hrss/fonts/HallSansSC.ttf: the characters an official Chinese paper may need, out of Noto Sans CJK.

    python scripts/make_font.py NotoSansCJK-Regular.ttc characters.txt

`characters.txt` holds the 8105 characters of 通用规范汉字表 (Unihan's field kTGHZ2013); GB 2312, Latin and the
punctuation are added. Outlines become quadratic, because not every reader of PDF shows the cubic ones of a subset.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTCollection, TTFont

FACE = "Noto Sans CJK SC"
NAME = "Hall Sans SC"  # not "Noto", which is a trademark
OUT = Path(__file__).parent.parent / "hrss" / "fonts" / "HallSansSC.ttf"
MOST_ERROR = 1.5  # units of 1000 an outline may move
RANGES = ((0x20, 0x7E), (0xA0, 0xFF), (0x2010, 0x2027), (0x3000, 0x3017), (0xFF01, 0xFF5E), (0xFFE0, 0xFFE5))
SINGLE = "€№℃√×÷±≤≥□■☐☑○●◎→←↑↓①②③④⑤⑥⑦⑧⑨⑩"


def gb2312() -> set[int]:
    codes = bytes(range(0xA1, 0xFF))
    pairs = (bytes((first, second)) for first in codes for second in codes)
    return {ord(character) for pair in pairs for character in pair.decode("gb2312", "ignore")}


def main(source: str, characters: str) -> None:
    listed = {ord(each) for each in Path(characters).read_text(encoding="utf-8") if not each.isspace()}
    wanted = gb2312() | listed | set(map(ord, SINGLE))
    wanted |= {code for first, last in RANGES for code in range(first, last + 1)}
    font: TTFont = next(
        each for each in TTCollection(source, lazy=True) if each["name"].getDebugName(4) == FACE
    )
    cmap = {code: name for code, name in font.getBestCmap().items() if code in wanted}
    names = [".notdef", *sorted(set(cmap.values()) - {".notdef"})]
    outlines = font.getGlyphSet()
    glyphs = {}
    for name in names:
        pen = TTGlyphPen(None)
        outlines[name].draw(Cu2QuPen(pen, MOST_ERROR, reverse_direction=True))
        glyphs[name] = pen.glyph()
    made = FontBuilder(font["head"].unitsPerEm, isTTF=True)
    made.setupGlyphOrder(names)
    made.setupCharacterMap(cmap)
    made.setupGlyf(glyphs)
    made.setupHorizontalMetrics(
        {
            name: (font["hmtx"][name][0], glyphs[name].xMin if hasattr(glyphs[name], "xMin") else 0)
            for name in names
        }
    )
    old = font["hhea"]
    made.setupHorizontalHeader(ascent=old.ascent, descent=old.descent)
    made.setupNameTable(
        {
            "copyright": font["name"].getDebugName(0),
            "familyName": NAME,
            "styleName": "Regular",
            "uniqueFontIdentifier": f"{NAME} 1",
            "fullName": NAME,
            "psName": NAME.replace(" ", ""),
            "version": "Version 1.000",
            "licenseDescription": font["name"].getDebugName(13),
            "licenseInfoURL": font["name"].getDebugName(14),
        }
    )
    made.setupOS2(
        sTypoAscender=old.ascent,
        sTypoDescender=old.descent,
        usWinAscent=old.ascent,
        usWinDescent=-old.descent,
    )
    made.setupPost(keepGlyphNames=False)
    OUT.parent.mkdir(exist_ok=True)
    made.save(OUT)
    print(
        f"{OUT.name}: {len(names)} glyphs, {OUT.stat().st_size} bytes; {len(wanted - cmap.keys())} characters are not in {FACE}"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
