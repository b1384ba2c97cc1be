"""
Understanding, measured on questions that no one wrote for it: the development set beside this file.

The set is for measuring only; no line of it may stand in the book or in the training data.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from rapidfuzz import fuzz, process

from faq.book import load_files
from faq.clean import letters, plain
from faq.understanding import book_examples
from tests.conftest import ROOT, surroundings

HERE = Path(__file__).parent
PROVINCES = {"gd": "广东", "hn": "河南"}


def lines(name: str) -> list[dict[str, Any]]:
    return [
        json.loads(line) for line in (HERE / name).read_text(encoding="utf-8").splitlines() if line.strip()
    ]


def ask(questions: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    """Ask the trained model as `python -m bot ask --json` does."""
    environment = surroundings(folder)
    for command in (["hrss", "migrate"], ["faq", "publish"]):
        subprocess.run(
            [sys.executable, "-m", *command], cwd=ROOT, env=environment, check=True, capture_output=True
        )
    asked = "".join(json.dumps(question, ensure_ascii=False) + "\n" for question in questions)
    done = subprocess.run(
        [sys.executable, "-m", "bot", "ask", "--json"],
        input=asked,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


@pytest.fixture(scope="module")
def measured(model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    inside, outside, vague = lines("utterances.jsonl"), lines("oos.jsonl"), lines("ambiguous.jsonl")
    questions = [{"text": each["text"], "province": each["topic"][:2]} for each in inside]
    questions += [{"text": each["text"]} for each in [*outside, *vague]]
    answers = ask(questions, tmp_path_factory.mktemp("ask"))
    assert len(answers) == len(questions)
    ours, theirs = answers[: len(inside)], answers[len(inside) : len(inside) + len(outside)]
    unclear = answers[len(inside) + len(outside) :]

    report = {
        "top-1": share(first(answer) == each["topic"] for each, answer in zip(inside, ours)),
        "top-3": share(each["topic"] in best(answer)[:3] for each, answer in zip(inside, ours)),
        "asked back": share(answer["decision"] == "which" for answer in ours),
        "wrong answer": share(
            answer["decision"] == "answer" and answer["entry"] != each["topic"]
            for each, answer in zip(inside, ours)
        ),
        "not ours": share(answer["decision"] in ("none", "chat") for answer in ours),
        "outside answered": share(answer["decision"] == "answer" for answer in theirs),
        "outside asked back": share(answer["decision"] == "which" for answer in theirs),
        "vague settled": share(
            answer["decision"] == "which" or answer["entry"] in each["topics"]
            for each, answer in zip(vague, unclear)
        ),
    }
    for province, name in PROVINCES.items():
        of_it = [(each, answer) for each, answer in zip(inside, ours) if each["topic"].startswith(province)]
        report[f"top-1 {name}"] = share(first(answer) == each["topic"] for each, answer in of_it)
    times = sorted(answer["ms"] for answer in answers)
    print("\n" + "\n".join(f"  {name:20} {value:6.1%}" for name, value in report.items()))
    print(
        f"  milliseconds: median {times[len(times) // 2]:.1f}, 99th percentile {times[int(len(times) * 0.99)]:.1f}"
    )
    print("  decided by:", dict(Counter(answer["stage"] for answer in ours)))
    return report


def share(yes: Any) -> float:
    found = list(yes)
    return sum(found) / len(found)


def best(answer: dict[str, Any]) -> list[str]:
    return [candidate["id"] for candidate in answer["candidates"]]


def first(answer: dict[str, Any]) -> str | None:
    return next(iter(best(answer)), None)


@pytest.mark.parametrize(
    ("measure", "floor"),
    [("top-1", 0.94), ("top-3", 0.98), ("vague settled", 0.95)],
)
def test_the_right_entry_is_found(measured: dict[str, float], measure: str, floor: float) -> None:
    assert measured[measure] >= floor


@pytest.mark.parametrize(
    ("measure", "ceiling"),
    [("wrong answer", 0.02), ("outside answered", 0.04), ("asked back", 0.15), ("not ours", 0.03)],
)
def test_the_wrong_thing_is_rarely_done(measured: dict[str, float], measure: str, ceiling: float) -> None:
    assert measured[measure] <= ceiling


def test_nothing_of_the_development_set_stands_in_the_book_or_the_training_data() -> None:
    measuring = {
        same(each["text"]) for name in ("utterances", "oos", "ambiguous") for each in lines(f"{name}.jsonl")
    }

    assert not {text for text in taught() if same(text) in measuring and same(text)}


def test_nothing_taught_is_nearly_a_question_of_the_development_set() -> None:
    asked = [
        same(each["text"]) for name in ("utterances", "oos", "ambiguous") for each in lines(f"{name}.jsonl")
    ]
    telling = [text for text in asked if len(text) >= 8]  # the shortest coincide by nature
    alike = process.cdist(telling, [same(text) for text in taught()], scorer=fuzz.ratio, score_cutoff=92)

    assert not alike.any()


def taught() -> set[str]:
    """Return everything that is trained on."""
    texts = {example.text for example in book_examples(load_files())}
    for path in sorted((ROOT / "data" / "nlu").glob("*.yml")):
        for block in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]:
            texts |= {line.strip().removeprefix("- ").strip() for line in block["examples"].splitlines()}
    return texts


def same(text: str) -> str:
    """Return what two texts share that differ by script, width or punctuation only."""
    return letters(plain(text))
