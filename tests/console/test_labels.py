"""Whatever the records may hold has words for staff: a page never shows a name out of the code."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from actions.go_on import FLOWS
from hrss.permissions import May
from hrss.staff import Role
from hrss.subjects import SubjectKind
from tests.conftest import ROOT

DEED = re.compile(r"[a-z_]+\.[a-z_]+")
RECORDING = re.compile(r"(audit\.|bindings\.)?_?(record|changed)$")


def asked() -> set[str]:
    """The names of the fields of all flows."""
    sources = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "actions").glob("*.py")))
    return set(re.findall(r'Field\(\s*"(\w+)"', sources))


def deeds(path: Path) -> Iterator[str]:
    """What a module records in the audit trail."""
    for call in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(call, ast.Call) and RECORDING.search(ast.unparse(call.func)):
            for argument in call.args:
                if isinstance(argument, ast.Constant) and DEED.fullmatch(str(argument.value)):
                    yield argument.value


def recorded() -> set[str]:
    modules = [*(ROOT / "hrss").glob("*.py"), *(ROOT / "console").glob("*.py")]
    return {did for path in modules for did in deeds(path)}


@pytest.mark.parametrize(
    ("names", "held"),
    [
        ("flows", set(FLOWS)),
        ("fields", asked()),
        ("deeds", recorded()),
        ("subjects", {kind.value for kind in SubjectKind}),
        ("roles", {role.value for role in Role}),
        ("permissions", {may.value for may in May}),
    ],
    ids=["flows", "fields", "deeds", "subjects", "roles", "permissions"],
)
def test_everything_has_its_words(app: Flask, names: str, held: set[str]) -> None:
    assert held
    module = app.jinja_env.get_template("labels.html").module

    assert held - set(getattr(module, names)) == set()
