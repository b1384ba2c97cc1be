"""Each kind of finding is shown by a copy of the book in which exactly that is wrong; the shipped book has none."""

import datetime as dt
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from faq.book import Book, Citation, load_files
from faq.lint import (
    Appendix,
    Finding,
    clarifications,
    conflicts,
    lint_files,
    load_appendix,
    messages,
    screens,
)
from faq.lint.conflicts import Conflict, Touched, load_conflicts
from faq.messages import load_messages
from faq.reading import Choice
from faq.screens import Screen, Way, load_screens
from faq.shelf import shipped_bodies
from faq.understanding import Clarification

FACTS = Path(__file__).parent / "facts"
TODAY = dt.date(2026, 11, 22)
HANDLER, CONTACT = "gd.unbind.handler", "gd.unbind.common_contact"
PASSWORD, HENAN = "gd.password.unit", "hn.login.uk"
SMALL = (HANDLER, CONTACT, PASSWORD, HENAN)  # a book to break, small enough to be linted many times

Body = dict[str, Any]


def test_the_shipped_book_has_no_findings() -> None:
    assert lint_files(load_appendix(), dt.date.today(), facts_folder=FACTS) == []


def set_to(**fields: Any) -> Callable[[Body], None]:
    return lambda body: body.update(deepcopy(fields))


def without(*names: str) -> Callable[[Body], None]:
    def change(body: Body) -> None:
        for name in names:
            del body[name]

    return change


def with_first_source(**fields: Any) -> Callable[[Body], None]:
    return lambda body: body["source"][0].update(fields)


def with_phrases(*phrases: str) -> Callable[[Body], None]:
    return lambda body: body["phrases"]["plain"].extend(phrases)


def with_few_phrases(body: Body) -> None:
    body["phrases"] = {voice: said[:2] for voice, said in body["phrases"].items()}


def with_overlapping_cases(body: Body) -> None:
    body["cases"][0]["when"] = {"goal": "refund"}


def too_short(body: Body) -> None:
    body.update(answer="可以解绑。", steps=[], note="")


def without_cases(body: Body) -> None:
    body.update(cases=[], note="可以上传经办人证件照，也可以通过常用联系人找回。")


def without_source_section(body: Body) -> None:
    del body["source"][0]["section"]


def without_source_document(body: Body) -> None:
    del body["source"][0]["document"]


def without_elders(body: Body) -> None:
    del body["phrases"]["elder"]


@pytest.mark.parametrize(
    ("key", "entry_id", "change"),
    [
        ("file_name", HANDLER, set_to(id="gd.unbind.somebody")),
        ("unknown_field", HANDLER, set_to(answers="可以解绑")),
        ("unknown_field", PASSWORD, lambda body: body["cases"][0].update(who="单位")),
        ("no_answer", HANDLER, without("answer")),
        ("no_source", HANDLER, set_to(source=[])),
        ("no_source", HANDLER, without("source")),
        ("no_section", HANDLER, without_source_section),
        ("no_document", HANDLER, without_source_document),
        ("unreadable", HANDLER, set_to(valid_from="soon")),
        ("unknown_document", HANDLER, with_first_source(document="009")),
        ("source_of_other_province", HANDLER, with_first_source(document="003")),
        ("unknown_province", HANDLER, set_to(province="zj")),
        ("unknown_audience", HANDLER, set_to(audience="firm")),
        ("unknown_owner", HANDLER, set_to(owner="某某办公室")),
        ("unknown_flow", HANDLER, set_to(flow="make_tea")),
        ("unknown_related", HANDLER, set_to(related=["gd.nothing"])),
        ("unfit_related", HANDLER, set_to(related=[HENAN])),
        ("unknown_fact", HANDLER, set_to(when={"weather": "rain"})),
        ("unknown_value", HANDLER, set_to(when={"sub_account_role": "chef"})),
        ("expired", HANDLER, set_to(valid_until="2026-11-21")),
        ("never_valid", HANDLER, set_to(valid_until="2026-10-01")),
        ("answer_length", HANDLER, too_short),
        ("answer_length", HANDLER, set_to(note="请注意。" * 110)),
        ("unknown_address", HANDLER, set_to(note="请打开 https://unbind.example.cn/ 办理。")),
        ("address_of_other_province", HANDLER, set_to(note="请打开 https://ggfw.hnylbx.com 办理。")),
        ("markdown", HANDLER, set_to(note="请**务必**用单位账号。")),
        ("not_simplified", HANDLER, set_to(note="請用單位賬號登錄平臺。")),
        ("conditions_overlap", HANDLER, without("when")),
        ("conditions_overlap", HANDLER, set_to(when={"sub_account_role": "primary_contact"})),
        ("cases_overlap", PASSWORD, with_overlapping_cases),
        ("phrase_shared", HANDLER, with_phrases("子账号类型是常用联系人時，怎样取消綁定")),
        ("phrase_twice", HANDLER, with_phrases("把那位师傅的绳子解开", "把那位師傅的繩子解開！")),
        ("too_few_phrases", HANDLER, with_few_phrases),
        ("voice_missing", HANDLER, without_elders),
        ("unknown_voice", HANDLER, lambda body: body["phrases"].update(pirate=["解开这个小子的绳子"])),
        ("message_not_catalogued", HANDLER, set_to(question="解绑时提示“绳结太紧，请稍后再试”怎么办？")),
        ("fact_not_stated", HANDLER, set_to(steps=["登录平台，打开子账号信息，选中后点【解除绑定】。"])),
        ("forbidden_claim", HANDLER, set_to(note="也可以用个人账号登录来解绑。")),
        ("condition_not_said", PASSWORD, without_cases),
    ],
)
def test_a_broken_entry_is_found(
    key: str, entry_id: str, change: Callable[[Body], Any], tmp_path: Path
) -> None:
    bodies = {
        shipped_id: deepcopy(body) for shipped_id, body in shipped_bodies().items() if shipped_id in SMALL
    }
    change(bodies[entry_id])
    found = linted(bodies, tmp_path)
    assert key in {finding.key for finding in found - sound_findings(tmp_path)}


def test_a_file_that_is_no_mapping_is_found(tmp_path: Path) -> None:
    (tmp_path / "gd.list.yml").write_text("- 解绑", encoding="utf-8")
    (tmp_path / "gd.broken.yml").write_text("id: [", encoding="utf-8")
    found = lint_files(Appendix(), TODAY, tmp_path)
    assert [(finding.file, finding.key) for finding in found] == [
        ("gd.broken.yml", "unreadable"),
        ("gd.list.yml", "unreadable"),
    ]


def test_an_entry_without_facts_is_found(tmp_path: Path) -> None:
    found = lint_files(Appendix(), TODAY, facts_folder=tmp_path)
    assert Finding(f"{HANDLER}.yml", "no_facts", "nothing is held against this answer") in found


def test_a_switched_off_entry_may_say_so(tmp_path: Path) -> None:
    bodies = {
        shipped_id: deepcopy(body) for shipped_id, body in shipped_bodies().items() if shipped_id in SMALL
    }
    bodies[HANDLER]["on"] = False
    assert linted(bodies, tmp_path) == sound_findings(tmp_path)


def linted(bodies: dict[str, Body], folder: Path) -> set[Finding]:
    """Lint these bodies as files, with the messages, the conflict about unit passwords and the facts of the book."""
    shipped = load_appendix()
    about_passwords = tuple(conflict for conflict in shipped.conflicts if conflict.id == "unit_password")
    for shipped_id, body in bodies.items():
        text = yaml.safe_dump(body, allow_unicode=True)
        (folder / f"{shipped_id}.yml").write_text(text, encoding="utf-8")
    return set(
        lint_files(Appendix(messages=shipped.messages, conflicts=about_passwords), TODAY, folder, FACTS)
    )


def sound_findings(folder: Path) -> set[Finding]:
    """Return what the lint says of the small book unbroken: nothing but that the others are missing."""
    bodies = {shipped_id: body for shipped_id, body in shipped_bodies().items() if shipped_id in SMALL}
    found = linted(bodies, folder)
    assert {finding.key for finding in found} <= {"unknown_related", "unknown_entry"}
    return found


@pytest.fixture(scope="module")
def book() -> Book:
    return load_files()


def keys(found: Iterable[Finding]) -> set[str]:
    return {finding.key for finding in found}


@pytest.mark.parametrize(
    ("key", "clarification"),
    [
        ("no_choice", Clarification("which", "哪一种？", (Choice(HANDLER),), ("解绳子",))),
        (
            "unknown_entry",
            Clarification("which", "哪一种？", (Choice(HANDLER), Choice("gd.rope")), ("解绳子",)),
        ),
        (
            "unknown_entry",
            Clarification("which", "哪一种？", (Choice(HANDLER), Choice(label="都行")), ("解绳子",)),
        ),
        (
            "phrase_shared",
            Clarification(
                "which", "哪一种？", (Choice(HANDLER), Choice(CONTACT)), ("怎样解除經辦人員個人賬號的綁定",)
            ),
        ),
    ],
)
def test_a_broken_question_back_is_found(key: str, clarification: Clarification, book: Book) -> None:
    assert keys(clarifications.check(book, [clarification])) == {key}


def test_a_phrase_of_two_questions_back_is_found(book: Book) -> None:
    choices = (Choice(HANDLER), Choice(CONTACT))
    two = [Clarification(name, "哪一种？", choices, ("解绳子",)) for name in ("one", "other")]
    assert keys(clarifications.check(book, two)) == {"phrase_shared"}


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("unknown_entry", {"entry": "gd.rope"}),
        ("entry_of_other_province", {"entry": HENAN}),
        ("message_shared", {"key": "again", "variants": ("用户名巳被使用", "用戶名已被使用！")}),
    ],
)
def test_a_broken_message_is_found(key: str, change: dict[str, Any], book: Book) -> None:
    sound = load_messages()
    wrong = replace(sound[0], **change)
    assert keys(messages.check(book, sound)) == set()
    assert key in keys(messages.check(book, [*sound, wrong]))


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("no_conflict", lambda conflict: {"says": conflict.says[:1]}),
        (
            "unknown_document",
            lambda conflict: {"says": (replace(conflict.says[0], document="009"), *conflict.says)},
        ),
        ("unknown_fact", lambda conflict: {"decided_by": "weather"}),
        ("no_resolution", lambda conflict: {"resolution": " "}),
        ("no_entries", lambda conflict: {"entries": ()}),
        ("unknown_entry", lambda conflict: {"entries": (Touched("gd.rope"),)}),
        ("condition_not_said", lambda conflict: {"entries": (Touched(HANDLER),)}),
        ("condition_not_said", lambda conflict: {"entries": (Touched(HANDLER, ("单位已实名的",)),)}),
    ],
)
def test_a_broken_conflict_is_found(
    key: str, change: Callable[[Conflict], dict[str, Any]], book: Book
) -> None:
    sound = load_conflicts()[0]
    assert keys(conflicts.check(book, [sound])) == set()
    assert key in keys(conflicts.check(book, [replace(sound, **change(sound))]))


def test_the_five_contradictions_of_the_documents_are_kept() -> None:
    decided = {conflict.id: conflict.decided_by for conflict in load_conflicts()}
    assert decided == {
        "unit_password": "org_real_name",
        "unit_account_business": "goal",
        "unit_login_level": "goal",
        "grant_code_place": "grant_code_route",
        "unit_name": "org_real_name",
    }


ADVISING = "guide.hn.uk"


def with_ways(screen: Screen, *ways: Way) -> Screen:
    return replace(screen, ways=(*screen.ways, *ways))


def with_advice(screen: Screen, **fields: Any) -> Screen:
    assert screen.advice is not None
    return replace(screen, advice=replace(screen.advice, **fields))


@pytest.mark.parametrize(
    ("key", "screen_id", "change"),
    [
        ("no_text", "menu.hn", lambda screen: replace(screen, text="")),
        ("dead_end", "menu.hn.login", lambda screen: replace(screen, ways=())),
        ("entry_out_of_reach", "menu.hn.login", lambda screen: replace(screen, ways=screen.ways[1:])),
        ("advice_out_of_reach", "guide.hn.org", lambda screen: replace(screen, ways=screen.ways[1:])),
        ("too_many_ways", "menu.hn", lambda screen: with_ways(screen, *[Way("菜单", screen="menu")] * 8)),
        ("way_leads_nowhere", "menu.hn", lambda screen: with_ways(screen, Way("绳子", screen="menu.rope"))),
        ("way_leads_nowhere", "menu.hn", lambda screen: with_ways(screen, Way("绳子", entry="hn.rope"))),
        ("way_leads_nowhere", "menu.hn", lambda screen: with_ways(screen, Way("绳子", intent="tie_rope"))),
        ("way_leads_nowhere", "menu.hn", lambda screen: with_ways(screen, Way("绳子"))),
        (
            "way_leads_nowhere",
            "menu.hn",
            lambda screen: with_ways(screen, Way("绳子", screen="menu", entry=HENAN)),
        ),
        ("label_too_long", "menu.hn", lambda screen: with_ways(screen, Way("很" * 17, entry=HENAN))),
        ("entry_of_other_province", "menu.hn", lambda screen: with_ways(screen, Way("解绑", entry=HANDLER))),
        (
            "unknown_value",
            "menu.hn",
            lambda screen: with_ways(screen, Way("有 UK", entry=HENAN, remember={"province": "zj"})),
        ),
        ("no_source", ADVISING, lambda screen: with_advice(screen, source=())),
        (
            "source_of_other_province",
            ADVISING,
            lambda screen: with_advice(screen, source=(Citation("000", "1"),)),
        ),
        ("unknown_document", ADVISING, lambda screen: with_advice(screen, source=(Citation("009", "1"),))),
        (
            "unknown_address",
            ADVISING,
            lambda screen: with_advice(screen, next="打开 https://uk.example.cn 登录。"),
        ),
    ],
)
def test_a_broken_screen_is_found(
    key: str, screen_id: str, change: Callable[[Screen], Screen], book: Book
) -> None:
    sound = load_screens()
    assert keys(screens.check(book, list(sound.values()))) == set()
    broken = {**sound, screen_id: change(sound[screen_id])}
    assert key in keys(screens.check(book, list(broken.values())))
