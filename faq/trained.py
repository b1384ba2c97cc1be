"""What training left, read from a trained model without Rasa: the ranker, and the dialogue's own examples."""

from __future__ import annotations

import json
import tarfile
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from faq.ranking import Example, Ranker

MODELS = Path("models")
PARTS = ("ranker.joblib", "dialogue.json", "book.txt")


class Trained(NamedTuple):
    """`digest` is that of the book it was trained on."""

    ranker: Ranker
    dialogue: tuple[Example, ...]
    digest: str


class NoModel(Exception):
    """There is no trained model to read."""


def newest(folder: Path = MODELS) -> Trained:
    models = sorted(folder.glob("*.tar.gz"), key=lambda path: path.stat().st_mtime)
    if not models:
        raise NoModel()
    return load(models[-1], models[-1].stat().st_mtime)


@lru_cache(maxsize=2)
def load(path: Path, changed: float) -> Trained:
    """Read a model; `changed` is when its file was written, so that another model in its place is read again."""
    with tarfile.open(path) as archive, tempfile.TemporaryDirectory() as folder:
        for member in archive.getmembers():
            name = Path(member.name).name
            if name in PARTS and "UnderstandingComponent" in member.name and member.isfile():
                found = archive.extractfile(member)
                assert found is not None
                (Path(folder) / name).write_bytes(found.read())
        dialogue = json.loads((Path(folder) / "dialogue.json").read_text(encoding="utf-8"))
        return Trained(
            Ranker.load(Path(folder) / "ranker.joblib"),
            tuple(Example(*pair) for pair in dialogue),
            (Path(folder) / "book.txt").read_text(encoding="utf-8"),
        )
