"""Promises between files: what no single module can keep by itself."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
import yaml

import hrss.errors
from bot.channels.web.errors import STATUSES
from bot.channels.wechat.hearing import RATING
from faq.book import load_files, load_flows
from faq.places import SERVED
from faq.screens import load_screens
from hrss.errors import Refusal
from hrss.settings import SETTINGS
from tests.conftest import ROOT

DOORS = ("bot", "actions", "console")
SAID_BY_THE_BOOK = {
    "utter_answer",
    "utter_which",
    "utter_menu",
    "utter_guide",
    "utter_shown",
}  # bot/responses.py
RASAS_OWN_ACTIONS = {"action_restart", "action_default_fallback"}
# What a dispatcher of messages swallows instead of passing it on to a sentence.
RESERVED = {"text", "image", "json_message", "template", "response", "attachment", "buttons", "elements"}
SAYING = {"draft", "sentence", "say"}
README, README_ZH = ROOT / "README.md", ROOT / "README.zh-CN.md"
PAGES = [README, README_ZH, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def sources(*packages: str) -> Iterator[Path]:
    for package in packages:
        yield from sorted((ROOT / package).rglob("*.py"))


@cache
def calls(*packages: str) -> tuple[ast.Call, ...]:
    return tuple(
        node
        for path in sources(*packages)
        for node in ast.walk(ast.parse(read(path)))
        if isinstance(node, ast.Call)
    )


def called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def constants(call: ast.Call) -> list[Any]:
    return [argument.value for argument in call.args if isinstance(argument, ast.Constant)]


def inside(page: Path, between: str) -> list[str]:
    return re.findall(between, read(page), re.DOTALL | re.MULTILINE)


# Sentences

RESPONSE_FILES = sorted((ROOT / "data" / "responses").glob("*.yml"))
RESPONSES: dict[str, list[dict[str, Any]]] = {
    key: variations
    for path in RESPONSE_FILES
    for key, variations in yaml.safe_load(read(path))["responses"].items()
}


def blanks(variation: dict[str, Any]) -> set[str]:
    return {blank for _, blank, _, _ in Formatter().parse(variation["text"]) if blank}


def named_in_python() -> set[str]:
    return {
        node.value
        for path in sources(*DOORS)
        for node in ast.walk(ast.parse(read(path)))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"utter_[a-z_]+[a-z]", node.value)
    }


def refusals(of: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    """Yield every refusal that can be raised: those with a key."""
    for kind in of.__subclasses__():
        if "key" in vars(kind):
            yield kind
        yield from refusals(kind)


REFUSED = {f"utter_refused_{kind.key}": kind for kind in refusals()}


def test_every_sentence_that_python_names_is_written() -> None:
    assert named_in_python() - RESPONSES.keys() - SAID_BY_THE_BOOK == set()


def test_no_sentence_is_written_twice() -> None:
    written = Counter(
        found for path in RESPONSE_FILES for found in re.findall(r"^  (utter_\w+):", read(path), re.MULTILINE)
    )

    assert [key for key, times in written.items() if times > 1] == []


@pytest.mark.parametrize("key", sorted(RESPONSES))
def test_a_sentence_holds_no_address_and_no_blank_that_is_swallowed(key: str) -> None:
    for variation in RESPONSES[key]:
        assert not re.search(r"https?:|www\.|\.gov\b|\.cn\b|\.com\b", variation["text"])
        assert not blanks(variation) & RESERVED


def test_no_fact_is_handed_over_under_a_name_that_is_swallowed() -> None:
    handed_over = {
        keyword.arg
        for call in calls(*DOORS)
        if called(call) in SAYING and any(str(each).startswith("utter_") for each in constants(call))
        for keyword in call.keywords
    }

    assert not handed_over & RESERVED


def test_every_refusal_that_a_door_names_can_be_said() -> None:
    named = {
        getattr(hrss.errors, imported.name)
        for path in sources(*DOORS)
        for node in ast.walk(ast.parse(read(path)))
        if isinstance(node, ast.ImportFrom) and node.module == "hrss.errors"
        for imported in node.names
    }
    families = named - {Refusal}
    told = {kind for family in families for kind in (family, *refusals(family)) if "key" in vars(kind)}

    assert told
    assert {f"utter_refused_{kind.key}" for kind in told} - RESPONSES.keys() == set()


def test_every_sentence_of_a_refusal_belongs_to_one() -> None:
    assert {key for key in RESPONSES if key.startswith("utter_refused_")} - REFUSED.keys() == set()


@pytest.mark.parametrize("key", sorted(RESPONSES.keys() & REFUSED.keys()))
def test_the_blanks_of_a_refusal_are_its_facts(key: str) -> None:
    facts = {fact.name for fact in fields(REFUSED[key])}

    for variation in RESPONSES[key]:
        assert blanks(variation) <= facts


# The dialogue

DOMAIN: dict[str, Any] = yaml.safe_load(read(ROOT / "domain.yml"))
INTENTS = {intent if isinstance(intent, str) else next(iter(intent)) for intent in DOMAIN["intents"]}
STEPS: list[dict[str, str]] = [
    step
    for path in sorted((ROOT / "data" / "rules").glob("*.yml"))
    for rule in yaml.safe_load(read(path))["rules"]
    for step in rule["steps"]
]


def test_every_intent_has_a_rule_and_every_rule_an_intent() -> None:
    ruled = {step["intent"] for step in STEPS if "intent" in step}

    assert ruled == INTENTS


def test_every_sentence_that_a_rule_says_is_written_or_made_from_the_book() -> None:
    said = {step["action"] for step in STEPS if step.get("action", "").startswith("utter_")}

    assert said - RESPONSES.keys() - SAID_BY_THE_BOOK == set()


def test_every_action_of_a_rule_is_in_the_domain_and_has_its_class() -> None:
    acted = {step["action"] for step in STEPS if step.get("action", "").startswith("action_")}
    classes = {
        node.value
        for path in sources("actions")
        for node in ast.walk(ast.parse(read(path)))
        if isinstance(node, ast.Constant) and str(node.value).startswith("action_")
    }

    assert acted - RASAS_OWN_ACTIONS <= set(DOMAIN["actions"])
    assert {action for action in DOMAIN["actions"] if action.startswith("action_")} <= classes


def test_what_the_book_says_is_known_to_the_domain() -> None:
    assert set(DOMAIN["actions"]) >= SAID_BY_THE_BOOK


def test_every_button_starts_an_intent_that_there_is() -> None:
    buttons = [
        button["payload"]
        for variations in RESPONSES.values()
        for variation in variations
        for button in variation.get("buttons", ())
    ]
    of_the_channel = [payload for payload in buttons if RATING.fullmatch(payload)]
    payloads = {payload.lstrip("/").split("{")[0] for payload in buttons if payload not in of_the_channel}
    tapped = {way.intent for screen in load_screens().values() for way in screen.ways if way.intent}

    assert payloads | tapped <= INTENTS


def test_every_flow_has_a_label_and_an_entry_leads_to_no_other() -> None:
    flows = load_flows()

    assert all(label and len(label) <= 16 for label in flows.values())
    assert {entry.flow for entry in load_files() if entry.flow} <= flows.keys()


def test_every_subject_outside_has_its_own_sentence() -> None:
    outside = yaml.safe_load(read(ROOT / "data" / "nlu" / "out_of_scope.yml"))["nlu"]
    chosen = {
        condition["value"]
        for variation in RESPONSES["utter_out_of_scope"]
        for condition in variation.get("condition", ())
    }

    assert {block["metadata"]["subject"] for block in outside} == chosen


def test_a_conversation_can_be_about_every_province_that_is_served() -> None:
    assert set(DOMAIN["slots"]["province"]["values"]) == set(SERVED)


# The environment

ENVIRONMENT = dict(re.findall(r"^#([A-Z_]+)=(.*)$", read(ROOT / ".env.example"), re.MULTILINE))


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_is_in_the_example_with_its_default(setting: Any) -> None:
    assert ENVIRONMENT[setting.name] == (setting.default or "")


@pytest.mark.parametrize("file", ["endpoints.yml", "credentials.yml"])
def test_the_names_that_rasa_expands_are_in_the_example(file: str) -> None:
    wanted = set(
        re.findall(
            r"\$\{(\w+)\}", "".join(re.sub("#.*", "", line) for line in read(ROOT / file).splitlines())
        )
    )

    assert wanted - ENVIRONMENT.keys() == set()


def test_the_example_names_what_the_code_reads_and_nothing_else() -> None:
    asked = {
        constants(call)[0]
        for call in calls(*DOORS, "faq", "hrss", "scripts", "tests")
        if called(call) == "get" and ast.unparse(call.func).endswith("environ.get") and constants(call)
    }
    settings = {setting.name for setting in SETTINGS}
    started = set(re.findall(r'"([A-Z]+_[A-Z_]+)"', read(ROOT / "scripts" / "run.py")))

    assert asked - ENVIRONMENT.keys() == set()
    assert ENVIRONMENT.keys() - asked - settings - started == set()


# The web channel

CHANNEL = ROOT / "bot" / "channels" / "web" / "channel.py"
PROTOCOL = read(ROOT / "docs" / "protocol.md")


def test_the_protocol_describes_every_call() -> None:
    served = re.findall(r'@web\.(get|post|delete)\("(/\w+)"\)', read(CHANNEL))

    assert len(served) >= 10
    assert [call for call in served if f"`{call[0].upper()} {call[1]}`" not in PROTOCOL] == []


def test_every_denial_has_its_sentence_and_its_line_in_the_protocol() -> None:
    denied = {tuple(constants(call)[:2]) for call in calls("bot/channels/web") if called(call) == "Denied"}
    told = {
        (status, kind.key)
        for family, status in STATUSES
        for kind in (family, *refusals(family))
        if "key" in vars(kind) and family is not Refusal
    }
    lines = re.findall(r"^\| (\d{3}) \| (.*?) \|", PROTOCOL, re.MULTILINE)
    described = {(int(status), key) for status, keys in lines for key in re.findall(r"`(\w+)`", keys)}

    assert {f"utter_web_{key}" for _, key in denied} - RESPONSES.keys() == set()
    assert described == denied | told


# Pages

GLOSSARY = read(ROOT / "docs" / "glossary.md")
WORDS = re.findall(r"^\| ([^|]+) \| (`[^|]+`) \| (`[^|]+`|later) \|", GLOSSARY, re.MULTILINE)


def test_every_row_of_the_glossary_has_its_identifier_and_its_place() -> None:
    rows = [line for line in GLOSSARY.splitlines() if line.startswith("|")]

    assert len(WORDS) == len(rows) - 4  # two tables with two lines of heading


@pytest.mark.parametrize(("word", "identifiers", "places"), WORDS, ids=[word for word, _, _ in WORDS])
def test_a_word_of_the_glossary_stands_where_the_page_says(word: str, identifiers: str, places: str) -> None:
    if places == "later":
        return
    text = "".join(read(ROOT / place) for place in re.findall(r"`([^`]+)`", places))

    for identifier in re.findall(r"`([^`]+)`", identifiers):
        assert re.search(rf"(?<![a-z]){identifier}(?![a-z])", text, re.IGNORECASE), identifier


def test_both_readmes_say_the_same_in_the_same_order() -> None:
    for part in (
        r"^(#+) ",
        r"^```\n.*?^```$",
        r"\]\((docs/[^)]+)\)",
        r"[\d.]+ ?%",
        r"^(\|) ",
        r"^ *(-|\d\.) ",
    ):
        assert inside(README, part), part
        assert inside(README, part) == inside(README_ZH, part), part


@pytest.mark.parametrize("page", [README, README_ZH], ids=name)
def test_a_readme_counts_the_entries_of_the_book(page: Path) -> None:
    assert f" {len(load_files())} " in read(page)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_of_a_page_leads_to_a_file(page: Path) -> None:
    linked = [link for link in inside(page, r"\]\(([^)#\s]+)") if not link.startswith("http")]

    assert [link for link in linked if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    roots = "bot|faq|hrss|actions|console|data|docs|tests|scripts|requirements"
    named = {path for path in inside(page, rf"`((?:{roots})/[\w./-]+)`") if "<" not in path}
    made = {"data/nlu/", "data/rules/"}

    assert [path for path in named - made if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", [*PAGES, ROOT / ".env.example", ROOT / ".pre-commit-config.yaml"], ids=name)
def test_a_page_speaks_of_the_project_alone(page: Path) -> None:
    machine = r"(?<![\w.])/(?:home|root|tmp|work|Users|opt|mnt)/"
    errand = r"\b(?:TODO|as requested|you asked|this session|earlier session|I have|we have now)\b"

    assert inside(page, f"{machine}|{errand}") == []


@pytest.mark.parametrize("page", DECISIONS, ids=name)
def test_a_decision_has_its_number_its_context_and_its_cost(page: Path) -> None:
    number = int(page.name[:4])

    assert number == DECISIONS.index(page) + 1
    assert read(page).startswith(f"# {number}. ")
    assert [
        heading
        for heading in ("Context", "Decision", "What it costs")
        if f"\n## {heading}\n" not in read(page)
    ] == []


def test_every_library_is_there_for_a_reason_that_is_written() -> None:
    wanted = {
        library
        for kind in ("run", "test")
        for library in inside(ROOT / "requirements" / f"{kind}.in", r"^([A-Za-z][\w.-]*)==")
    }
    rows = inside(ROOT / "docs" / "decisions" / "0002-libraries.md", r"^\| ([^|]+) \| [^|]+ \|")
    explained = {library.strip() for row in rows for library in row.split(",")}

    assert len(wanted) > 20
    assert wanted - explained == set()
