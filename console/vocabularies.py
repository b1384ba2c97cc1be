"""The words that staff choose from: what templates show of them, and the page where they are changed."""

from __future__ import annotations

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from console.access import needs
from console.records import database, me, now
from hrss import vocabularies
from hrss.permissions import May
from hrss.vocabularies import Item, Vocabulary

BLANKS = 3  # empty boxes for new items

pages = Blueprint("vocabularies", __name__, url_prefix="/words")


@pages.get("")
@needs(May.EDIT_WORDS)
def index() -> str:
    return render_template(
        "words.html", lists={each.value: offered(each.value) for each in Vocabulary}, blanks=BLANKS
    )


@pages.post("/<name>")
@needs(May.EDIT_WORDS)
def change(name: str) -> Response:
    if name not in [each.value for each in Vocabulary]:
        abort(404)
    labels = {
        key.removeprefix("label-"): label for key, label in request.form.items() if key.startswith("label-")
    }
    with database().transaction() as records:
        vocabularies.change(
            records,
            Vocabulary(name),
            labels=labels,
            added=request.form.getlist("added"),
            staff=me(),
            now=now(),
        )
    return redirect(url_for(".index", done=name))


def offered(name: str) -> dict[str, str]:
    """What may be chosen now, with its label."""
    return {item.key: item.label for item in _items(name) if item.offered}


def label(name: str, key: object) -> str:
    """What a key is called, also when it is offered no more."""
    return next((item.label for item in _items(name) if item.key == str(key)), str(key))


def _items(name: str) -> list[Item]:
    """Read once a request."""
    read: dict[str, list[Item]] = g.setdefault("vocabularies", {})
    if name not in read:
        with database().reading() as records:
            read[name] = vocabularies.items(records, Vocabulary(name))
    return read[name]
