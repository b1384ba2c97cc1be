"""A member of staff at a browser."""

import re

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

USERNAME, PASSWORD = "lin_xiaoyu", "a-long-enough-passphrase"


class Browser:
    """A client that fills forms in as a page offers them, token included."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, address: str, **kwargs: object) -> TestResponse:
        return self.client.get(address, **kwargs)  # type: ignore[arg-type]

    def post(self, address: str, form_on: str | None = None, **fields: str) -> TestResponse:
        page = self.get(form_on or address).text
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        assert token, "the page has no form"
        return self.client.post(address, data={"csrf_token": token.group(1), **fields})

    def sign_in(self, username: str = USERNAME, password: str = PASSWORD, then: str = "") -> TestResponse:
        return self.post(f"/sign-in{then}", username=username, password=password)
