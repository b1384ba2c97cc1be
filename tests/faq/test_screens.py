"""Everything can be reached by tapping, and the guide ends with advice that says what it rests on."""

import re

import pytest

from faq.book import load_files, load_sources
from faq.lint.screens import MOST_WAYS, TAPS_TO_ADVICE, TAPS_TO_ENTRY, province_of_screen
from faq.screens import Screen, load_screens, reachable

SCREENS = load_screens()
ADVISING = [screen for screen in SCREENS.values() if screen.advice]
GUIDE = [screen for screen in SCREENS.values() if screen.id.startswith("guide")]


def id_of(screen: Screen) -> str:
    return screen.id


def words_of(screen: Screen) -> str:
    advice = screen.advice
    labels = [way.label for way in screen.ways]
    parts = [advice.system, advice.reached, advice.needed, advice.next] if advice else []
    return "\n".join([screen.text, *parts, *labels])


def test_every_entry_is_within_four_taps_of_the_menu() -> None:
    near = {
        way.entry
        for taps, screen in reachable("menu", SCREENS)
        for way in screen.ways
        if taps < TAPS_TO_ENTRY
    }
    assert TAPS_TO_ENTRY == 4
    assert set(load_files().entries) - near == set()


def test_every_screen_can_be_reached_from_the_menu() -> None:
    assert {screen.id for _, screen in reachable("menu", SCREENS)} == set(SCREENS)


def test_every_advice_is_within_five_taps_of_the_guide() -> None:
    near = {screen.id for taps, screen in reachable("guide", SCREENS) if taps <= TAPS_TO_ADVICE}
    assert TAPS_TO_ADVICE == 5
    assert {screen.id for screen in ADVISING} - near == set()


@pytest.mark.parametrize("screen", SCREENS.values(), ids=id_of)
def test_a_screen_offers_a_few_short_ways_on(screen: Screen) -> None:
    assert 1 <= len(screen.ways) <= MOST_WAYS == 8
    assert all(0 < len(way.label) <= 16 for way in screen.ways)
    assert len({way.label for way in screen.ways}) == len(screen.ways)


@pytest.mark.parametrize("screen", GUIDE, ids=id_of)
def test_a_screen_of_the_guide_either_asks_or_advises(screen: Screen) -> None:
    if screen.advice:
        assert any(way.entry for way in screen.ways)
        assert {"guide", "menu"} <= {way.screen for way in screen.ways}
    else:
        assert screen.text.endswith("？")


@pytest.mark.parametrize("screen", ADVISING, ids=id_of)
def test_advice_says_what_it_rests_on(screen: Screen) -> None:
    assert screen.advice is not None
    assert screen.advice.system
    assert screen.advice.reached
    assert screen.advice.needed
    assert screen.advice.next
    assert screen.advice.source
    assert all(citation.document in load_sources() and citation.section for citation in screen.advice.source)


@pytest.mark.parametrize("screen", GUIDE, ids=id_of)
def test_a_level_is_named_in_both_notations(screen: Screen) -> None:
    words = words_of(screen).replace("三级（L1）", "").replace("四级（L2）", "")
    assert re.findall("三级|四级|L1|L2", words) == []


@pytest.mark.parametrize("screen", SCREENS.values(), ids=id_of)
def test_provinces_are_never_mixed(screen: Screen) -> None:
    others = {"gd": r"henan|hnylbx|河南|UK|网厅", "hn": r"gd\.gov|gdzwfw|广东|粤信签|授权码|L\d"}
    province = province_of_screen(screen.id)
    if province:
        assert not re.search(others[province], words_of(screen))
        assert all((way.entry or province).startswith(province) for way in screen.ways)


def guided(*labels: str) -> Screen:
    screen = SCREENS["guide"]
    for label in labels:
        screen = SCREENS[next(way.screen for way in screen.ways if way.label == label) or ""]
    return screen


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (["广东", "单位", "稳岗返还信息确认", "只有省统一身份认证账号", "三级（L1）"], "升到四级（L2）"),
        (
            ["广东", "单位", "稳岗返还信息确认", "只有省统一身份认证账号", "四级（L2）或更高"],
            "首次登录按提示完善",
        ),
        (["广东", "单位", "稳岗返还信息确认", "只有人社平台单位账号", "没有绑定"], "粤信签"),
        (["广东", "单位", "稳岗返还信息确认", "只有人社平台单位账号", "绑定过"], "【个人登录】"),
        (["广东", "单位", "其他单位业务", "有人社平台单位账号", "还没有"], "法人实人认证也不适用"),
        (["广东", "单位", "其他单位业务", "只有省统一身份认证账号", "四级（L2）或更高"], "以提示为准"),
        (["广东", "个人", "有账号，没有实名"], "银联实名认证"),
        (["河南", "单位", "有 UK"], "插入 UK"),
        (["河南", "单位", "没有 UK", "普通稳岗返还申报", "没有开通"], "马上注册"),
        (["河南", "单位", "没有 UK", "其他业务"], "要有 UK"),
    ],
)
def test_the_guide_leads_by_what_the_person_says(labels: list[str], words: str) -> None:
    screen = guided(*labels)
    assert screen.advice is not None
    assert words in words_of(screen)
