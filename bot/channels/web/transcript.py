"""A conversation as a file that its person can keep."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from bot.sentences import sentence
from hrss.lines import Line
from hrss.workdays import BEIJING

Writer = Callable[[Sequence[Line], datetime], bytes]


def as_text(said: Sequence[Line], saved_at: datetime) -> bytes:
    """Write down who said what and when, as it was shown: personal values stay tokens."""
    paragraphs = [_title(), _remark(saved_at), *(f"{_speaker(each)}\n{each.text}" for each in said)]
    return ("\n\n".join(paragraphs) + "\n").encode()


def as_pdf(said: Sequence[Line], saved_at: datetime) -> bytes:
    """Print the same."""
    from hrss.paper import Paper  # takes long to load, and most bots are never asked for it

    paper = Paper(_title())
    paper.paragraph(_title(), size=16, height=12)
    paper.paragraph(_remark(saved_at), size=9, height=6)
    for each in said:
        paper.ln(3)
        paper.set_text_color(96)
        paper.paragraph(_speaker(each), size=9, height=6)
        paper.set_text_color(0)
        paper.paragraph(each.text, height=7)
    return bytes(paper.output())


# By the ending of the file; with the media type.
FORMS: dict[str, tuple[str, Writer]] = {
    "txt": ("text/plain; charset=utf-8", as_text),
    "pdf": ("application/pdf", as_pdf),
}


def _title() -> str:
    return sentence("utter_transcript_title")


def _remark(saved_at: datetime) -> str:
    return sentence("utter_transcript_remark", saved_at=_clock(saved_at))


def _speaker(message: Line) -> str:
    author = "system" if message.kind == "system" else message.author
    return f"{sentence(f'utter_transcript_{author}')}  {_clock(message.at)}"


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone(BEIJING):%Y-%m-%d %H:%M}"
