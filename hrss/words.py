"""What the business itself says to people, kept in YAML beside it: messages to phones, security questions."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml


@cache
def read(name: str) -> Any:
    return yaml.safe_load((Path(__file__).parent / "words" / f"{name}.yml").read_text(encoding="utf-8"))
