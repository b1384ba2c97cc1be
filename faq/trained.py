"""
What training left, read from a trained model without Rasa: the ranker, and the dialogue's own examples.

`models/` has the model that Rasa loads; below it lie those that can be chosen to answer instead, each with these parts alone.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import tempfile
from collections.abc import Collection, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import joblib

from faq.ranking import Example, Ranker

MODELS = Path("models")
KEPT = "kept"  # the folder below of models that can be chosen, each by its id
PARTS = ("ranker.joblib", "dialogue.json", "book.txt")
COMPONENT = "UnderstandingComponent"  # whose parts they are in what Rasa has trained


class Trained(NamedTuple):
    """`digest` is that of the book it was trained on."""

    ranker: Ranker
    dialogue: tuple[Example, ...]
    digest: str


class NoModel(Exception):
    """There is no trained model to read, or it is one of another program."""


def chosen(model_id: str | None, folder: Path = MODELS) -> Trained:
    """Return the model of that id, or the installed one where none is named."""
    if model_id is None:
        return newest(folder)
    if not is_here(model_id, folder):
        raise NoModel(model_id)
    path = folder / KEPT / f"{model_id}.tar"
    return load(path, path.stat().st_mtime)


def answering(model_id: str | None, folder: Path = MODELS) -> Trained:
    """Return the model that is active, or the installed one where its file is not here or of another make, as a bot does."""
    try:
        return chosen(model_id, folder)
    except NoModel:
        return newest(folder)


def is_here(model_id: str, folder: Path = MODELS) -> bool:
    return model_id.isalnum() and (folder / KEPT / f"{model_id}.tar").is_file()


def forget(but: Collection[str], folder: Path = MODELS) -> None:
    """Delete the files of models other than these; each takes some sixty megabytes."""
    for path in (folder / KEPT).glob("*.tar"):
        if path.stem not in but:
            path.unlink(missing_ok=True)


def identity(path: Path) -> str:
    """Identify a trained model by its file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def keep(path: Path, model_id: str, folder: Path = MODELS) -> None:
    """Keep what an archive has of understanding, so that it can be chosen whatever is installed later."""
    if not is_here(model_id, folder):
        _write(_parts(path), model_id, folder)


def save(trained: Trained, model_id: str, folder: Path = MODELS) -> None:
    """Keep a model that was trained here."""
    ranker = io.BytesIO()
    joblib.dump(trained.ranker, ranker, compress=3)
    parts = (
        ranker.getvalue(),
        json.dumps(trained.dialogue, ensure_ascii=False).encode(),
        trained.digest.encode(),
    )
    _write(dict(zip(PARTS, parts)), model_id, folder)


def _write(parts: Mapping[str, bytes], model_id: str, folder: Path) -> None:
    kept = folder / KEPT
    kept.mkdir(parents=True, exist_ok=True)
    file = tempfile.NamedTemporaryFile(dir=kept, delete=False)  # noqa: SIM115
    with file, tarfile.open(fileobj=file, mode="w") as archive:
        for name, content in parts.items():
            member = tarfile.TarInfo(f"{COMPONENT}/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    Path(file.name).chmod(0o644)
    Path(file.name).replace(kept / f"{model_id}.tar")  # whole, or not there


def _parts(path: Path) -> dict[str, bytes]:
    parts = {}
    with tarfile.open(path) as archive:
        for member in archive.getmembers():
            name = Path(member.name).name
            if name in PARTS and COMPONENT in member.name and member.isfile():
                found = archive.extractfile(member)
                assert found is not None
                parts[name] = found.read()
    return parts


def newest(folder: Path = MODELS) -> Trained:
    models = sorted(folder.glob("*.tar.gz"), key=lambda path: path.stat().st_mtime)
    if not models:
        raise NoModel()
    return load(models[-1], models[-1].stat().st_mtime)


@lru_cache(maxsize=3)
def load(path: Path, changed: float) -> Trained:
    """Read a model; `changed` is when its file was written, so that another model in its place is read again."""
    try:
        parts = _parts(path)
        ranker, dialogue, digest = (parts[name] for name in PARTS)
        found = Trained(
            joblib.load(io.BytesIO(ranker)),
            tuple(Example(*pair) for pair in json.loads(dialogue)),
            digest.decode(),
        )
        found.ranker.scores("登录")
    except (
        Exception
    ) as error:  # it was trained by a program whose ranker has other parts, or is no model at all
        raise NoModel(path.name) from error
    return found
