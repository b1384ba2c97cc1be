"""One address, one site and one conversation each have their allowance."""

from types import SimpleNamespace

import pytest

from bot.channels.web.errors import Denied
from bot.channels.web.quota import Quota


def test_a_busy_site_leaves_the_others_their_share() -> None:
    quota = Quota(
        SimpleNamespace(
            web_sessions_per_minute=100, web_site_sessions_per_minute=3, web_messages_per_minute=100
        )
    )
    for number in range(3):
        quota.session(f"192.0.2.{number}", "https://busy.example")

    with pytest.raises(Denied) as denied:
        quota.session("192.0.2.9", "https://busy.example")
    assert (denied.value.status, denied.value.key) == (429, "too_many")
    assert denied.value.retry_after is not None and 1 <= denied.value.retry_after <= 60
    quota.session("192.0.2.9", "https://calm.example")
