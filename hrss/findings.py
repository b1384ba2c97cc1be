"""A personal value found in a text."""

from dataclasses import dataclass

from hrss.identifiers import Kind


@dataclass(frozen=True)
class Finding:
    """A value and where it stands: `text[start:end]` is how it was typed, `value` what was meant."""

    kind: Kind
    start: int
    end: int
    value: str
    valid: bool = True  # False: mistyped, and personal all the same
