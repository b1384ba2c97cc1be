"""Messages through Tencent Cloud, against a server on this machine that answers as its API does."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from hrss.database import Database
from hrss.hall import Hall
from hrss.settings import Settings, SettingsError, TencentSms
from hrss.sms import templates
from hrss.systems.codes import RandomCodes
from hrss.systems.protocols import SmsNotTaken
from hrss.systems.tencent import TencentSmsGateway
from tests.hrss.test_settings import GIVEN

PHONE = "13800138000"


@dataclass
class Cloud:
    """What the server was asked, and what it answers next."""

    status: str = "Ok"
    error: str | None = None
    http_status: int = 200
    asked: list[tuple[dict[str, str], dict[str, Any]]] = field(default_factory=list)

    def answer(self) -> dict[str, Any]:
        if self.error:
            return {"Response": {"Error": {"Code": self.error, "Message": "no"}, "RequestId": "r"}}
        status = {"SerialNo": "2019:538884", "PhoneNumber": f"+86{PHONE}", "Fee": 1, "Code": self.status}
        return {"Response": {"SendStatusSet": [status], "RequestId": "r"}}


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


@pytest.fixture
def endpoint(cloud: Cloud) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            cloud.asked.append((dict(self.headers), body))
            answer = json.dumps(cloud.answer()).encode()
            self.send_response(cloud.http_status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def account(endpoint: str, **changed: Any) -> TencentSms:
    given = {
        "secret_id": "AKIDexample",
        "secret_key": "a secret key",
        "app_id": "1400006666",
        "sign": "示例人社",
        "templates": {name: str(number) for number, name in enumerate(templates(), start=1000)},
        "endpoint": endpoint,
    }
    return TencentSms(**{**given, **changed})


def send(endpoint: str) -> str:
    blanks = {"password": "p4ssw0rdX", "login": "chen"}  # in another order than the sentence
    return TencentSmsGateway(account(endpoint)).send("sms-1", PHONE, "password", blanks)


def test_a_message_is_asked_for_as_the_api_wants_it(endpoint: str, cloud: Cloud) -> None:
    assert send(endpoint) == "2019:538884"

    [(headers, body)] = cloud.asked
    assert {
        "PhoneNumberSet": [f"+86{PHONE}"],
        "SmsSdkAppId": "1400006666",
        "SignName": "示例人社",
        "TemplateId": account(endpoint).templates["password"],
        "TemplateParamSet": ["chen", "p4ssw0rdX"],
        "SessionContext": "sms-1",
    } == body
    assert (headers["X-TC-Action"], headers["X-TC-Version"]) == ("SendSms", "2021-01-11")
    assert headers["Authorization"].startswith("TC3-HMAC-SHA256 Credential=AKIDexample/")
    assert "a secret key" not in repr(account(endpoint))


@pytest.mark.parametrize(
    ("answer", "again"),
    [
        ({"status": "LimitExceeded.PhoneNumberThirtySecondLimit"}, True),
        ({"status": "InvalidParameterValue.IncorrectPhoneNumber"}, False),
        ({"error": "AuthFailure.SignatureFailure"}, False),
        ({"error": "RequestLimitExceeded"}, True),
    ],
    ids=str,
)
def test_what_the_cloud_refuses_was_not_taken(
    endpoint: str, cloud: Cloud, answer: dict[str, str], again: bool
) -> None:
    for name, value in answer.items():
        setattr(cloud, name, value)

    with pytest.raises(SmsNotTaken) as refused:
        send(endpoint)

    assert again == refused.value.again


def test_a_server_nobody_reaches_has_taken_nothing() -> None:
    with pytest.raises(SmsNotTaken) as refused:
        send("http://127.0.0.1:9")

    assert refused.value.again


def test_an_answer_that_is_none_leaves_it_open(endpoint: str, cloud: Cloud) -> None:
    cloud.http_status = 502

    with pytest.raises(Exception, match="ServerNetworkError") as raised:
        send(endpoint)

    assert not isinstance(raised.value, SmsNotTaken)


TENCENT = {
    "SMS_GATEWAY": "tencent",
    "TENCENT_SMS_SECRET_ID": "id",
    "TENCENT_SMS_SECRET_KEY": "key",
    "TENCENT_SMS_APP_ID": "1",
    "TENCENT_SMS_SIGN": "示例",
    "TENCENT_SMS_TEMPLATES": ",".join(f"{name}:{number}" for number, name in enumerate(templates())),
}


def test_a_setting_chooses_the_gateway_and_real_phones_get_real_codes(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'hrss.db'}")

    demo = Hall.open(Settings.from_env(GIVEN), database)
    real = Hall.open(Settings.from_env({**GIVEN, **TENCENT}), database)

    assert not isinstance(demo.systems.sms, TencentSmsGateway)
    assert isinstance(real.systems.sms, TencentSmsGateway)
    assert isinstance(real.systems.codes, RandomCodes)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"SMS_GATEWAY": "pigeon"}, "SMS_GATEWAY"),
        ({"TENCENT_SMS_SIGN": ""}, "TENCENT_SMS_SIGN"),
        ({"TENCENT_SMS_TEMPLATES": "code"}, "TENCENT_SMS_TEMPLATES"),
    ],
)
def test_a_gateway_half_set_up_is_a_wrong_setting(changed: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        Settings.from_env({**GIVEN, **TENCENT, **changed})


def test_a_message_without_its_template_is_a_wrong_setting(endpoint: str) -> None:
    whole = account(endpoint)
    lacking = {name: number for name, number in whole.templates.items() if name != "code"}

    with pytest.raises(SettingsError, match="code"):
        TencentSmsGateway(replace(whole, templates=lacking))
