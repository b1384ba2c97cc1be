"""Every answer states its facts and makes none of the claims that would be wrong."""

from pathlib import Path

import pytest

from faq.book import Book, load_files
from faq.lint.facts import Facts

FILES = sorted((Path(__file__).parent / "facts").glob("*.yml"))
TOPICS = 81


@pytest.fixture(scope="module")
def book() -> Book:
    return load_files()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_answer_states_every_fact_and_no_forbidden_claim(path: Path, book: Book) -> None:
    facts = Facts.from_file(path)
    answer = book.answer(facts.id).text
    assert path.stem == facts.id
    assert [required.fact for required in facts.unstated(answer)] == []
    assert [forbidden.claim for forbidden in facts.claimed(answer)] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_fact_names_its_document_and_the_words_that_show_it(path: Path, book: Book) -> None:
    facts = Facts.from_file(path)
    cited = {citation.document for citation in book[facts.id].source}
    assert len(facts.must) >= 1
    assert len(facts.must_not) >= 1
    for required in facts.must:
        assert required.says, required.fact
        assert any(f"[{document}]" in required.fact for document in cited), required.fact
    for forbidden in facts.must_not:
        assert forbidden.never, forbidden.claim


def test_every_entry_of_the_book_is_held_against_facts(book: Book) -> None:
    assert len(book) == TOPICS
    assert {path.stem for path in FILES} == set(book.entries)
