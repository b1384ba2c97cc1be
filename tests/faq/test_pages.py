"""The pages that name themselves lead to screens that there are."""

import pytest

from faq.pages import Page, load_pages
from faq.places import SERVED
from faq.screens import load_screens


@pytest.mark.parametrize("page", load_pages().values(), ids=lambda page: page.key)
def test_a_page_has_a_name_and_a_fitting_screen_of_its_province(page: Page) -> None:
    assert page.name
    assert page.screens
    for province, screen in page.screens.items():
        assert province in SERVED
        assert load_screens()[screen].ways
        assert screen.startswith(f"menu.{province}.")
