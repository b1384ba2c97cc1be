"""Which entries lead to a flow that is ready, and what their question says already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from faq.book import HERE, read_yaml


@dataclass(frozen=True)
class Offer:
    """`looks_up`: it changes nothing, so nobody turns to it instead of another flow."""

    flow: str
    knowing: Mapping[str, str]
    looks_up: bool = False


@cache
def load_offers() -> dict[str, Offer]:
    return {entry: Offer(**body) for entry, body in read_yaml(HERE / "offers.yml").items()}
