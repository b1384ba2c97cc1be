"""What the widget promises to every page that embeds it: it is small, and it needs nothing and runs nothing from elsewhere."""

import gzip
import re
from pathlib import Path

import pytest

from bot.channels.web import pages

WEB = Path(__file__).parents[2] / "bot" / "channels" / "web"
WIDGET = sorted(path for path in (WEB / "static").rglob("*") if path.suffix in {".js", ".css"})
DEMO = sorted(path for path in (WEB / "demo").iterdir() if path.suffix in {".js", ".css", ".html"})
BUDGET = 30_720

# The halls whose addresses in an answer may become links. They are compared with, never fetched.
LINKED_HOSTS = {"ggfw.hrss.gd.gov.cn", "www.gdzwfw.gov.cn", "siwsfw.hrss.henan.gov.cn", "ggfw.hnylbx.com"}
NAMES_NOT_ADDRESSES = {"http://www.w3.org/2000/svg"}

FORBIDDEN = {
    "parses markup": r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment",
    "outlives the tab": r"localStorage|indexedDB|document\.cookie",
    "evaluates text": r"\beval\b|new Function|setTimeout\(\s*['\"`]",
    "writes a style attribute": r"setAttribute\(\s*['\"]style|\bstyle=|cssText",
}


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def without_comments(source: str) -> str:
    return re.sub(r"/\*.*?\*/|(?<![:'\"`\\])//[^\n]*", "", source, flags=re.DOTALL)


def name(path: Path) -> str:
    return path.relative_to(WEB).as_posix()


def imports(path: Path, how: str = r"(?:from |import )'(\.[^']+)'") -> set[Path]:
    return {(path.parent / found).resolve() for found in re.findall(how, read(path))}


def reached(*begun: Path) -> set[Path]:
    """Return these modules with all that comes with them."""
    found: set[Path] = set()
    waiting = {path.resolve() for path in begun}
    while waiting:
        found |= waiting
        waiting = {each for path in waiting for each in imports(path)} - found
    return found


def test_all_that_a_page_loads_stays_within_the_budget() -> None:
    sizes = {name(path): len(pages.served(path).packed) for path in WIDGET}
    assert {"static/hrss-chat.js", "static/hrss-chat.css"} <= sizes.keys()
    assert sum(sizes.values()) <= BUDGET, sizes


@pytest.mark.parametrize("path", WIDGET, ids=name)
def test_what_is_served_is_the_source_without_its_comments(path: Path) -> None:
    source, served = read(path), pages.served(path).plain.decode()
    assert gzip.decompress(pages.served(path).packed).decode() == served
    assert re.search(r"^\s*(/\*|//)", served, re.MULTILINE) is None
    assert len(served.splitlines()) == len(source.splitlines()), "an error names the line of the source"
    assert [line for line in served.splitlines() if line and line not in source.splitlines()] == []


def test_a_closed_widget_is_its_launcher_and_the_window_comes_in_one_go() -> None:
    entry = WEB / "static" / "hrss-chat.js"
    window = WEB / "static" / "chat" / "window.js"
    assert imports(entry, r"import\('(\.[^']+)'\)") == {window}
    launcher, rest = reached(entry), reached(window)
    assert launcher | rest == {path.resolve() for path in WIDGET if path.suffix == ".js"}
    assert {path.name for path in launcher} == {
        "hrss-chat.js",
        "launcher.js",
        "dom.js",
        "memory.js",
        "patience.js",
    }
    assert rest - imports(window) - launcher == {window}, "each level of imports is a way to the server more"


@pytest.mark.parametrize("path", WIDGET + DEMO, ids=name)
@pytest.mark.parametrize("habit", FORBIDDEN)
def test_no_source_has_a_dangerous_habit(path: Path, habit: str) -> None:
    found = re.search(FORBIDDEN[habit], without_comments(read(path)))
    assert found is None, f"{name(path)} {habit}: {found and found.group()}"


@pytest.mark.parametrize("path", WIDGET + DEMO, ids=name)
def test_no_source_names_an_address_elsewhere(path: Path) -> None:
    addresses = re.findall(r"(?:https?:)?//[\w.-]+\.[a-z]{2,}[^\s'\"`)]*", without_comments(read(path)))
    assert set(addresses) <= NAMES_NOT_ADDRESSES


def test_only_the_four_hall_addresses_become_links() -> None:
    hosts = re.search(
        r"LINKED_HOSTS = new Set\(\[(.*?)]\)", read(WEB / "static" / "chat" / "answer.js"), re.DOTALL
    )
    assert hosts is not None
    assert set(re.findall(r"'([^']+)'", hosts.group(1))) == LINKED_HOSTS


@pytest.mark.parametrize("page", ["index.html", "full.html"])
def test_a_demo_page_embeds_the_widget_by_one_script_tag_and_one_tag(page: str) -> None:
    html = read(WEB / "demo" / page)
    assert len(re.findall(r"<script[^>]*hrss-chat\.js", html)) == 1
    assert len(re.findall(r"<hrss-chat\b", html)) == 1
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style\b|\son\w+=", html), (
        "inline code would need a weaker policy"
    )
