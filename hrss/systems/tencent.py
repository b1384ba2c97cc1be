"""Messages through Tencent Cloud SMS, by its official SDK."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.sms.v20210111.models import SendSmsRequest
from tencentcloud.sms.v20210111.sms_client import SmsClient
from urllib3.exceptions import NewConnectionError

from hrss.settings import SettingsError, TencentSms
from hrss.sms import blanks_of, templates
from hrss.systems.protocols import SmsNotTaken

REGION = "ap-guangzhou"
TIMEOUT_SECONDS = 10
# What its gateway may do a moment later although it did not do it now.
PASSING = ("LimitExceeded", "RequestLimitExceeded", "InternalError", "ResourceUnavailable")
# The SDK's own words for a connection that broke, and for an answer that is none of the API's.
BROKEN = ("ClientNetworkError", "ServerNetworkError")


class TencentSmsGateway:
    """
    Sends by the templates registered with Tencent Cloud.

    It has no idempotency key; our id travels as SessionContext and comes back in its delivery reports.
    """

    def __init__(self, settings: TencentSms) -> None:
        if missing := templates().keys() - settings.templates.keys():
            raise SettingsError(
                f"TENCENT_SMS_TEMPLATES lacks {', '.join(sorted(missing))}. Add name:id for each."
            )
        self._settings = settings
        endpoint = urlsplit(settings.endpoint)
        profile = ClientProfile(
            httpProfile=HttpProfile(
                protocol=endpoint.scheme, endpoint=endpoint.netloc, reqTimeout=TIMEOUT_SECONDS
            )
        )
        self._client = SmsClient(Credential(settings.secret_id, settings.secret_key), REGION, profile)

    def send(self, sms_id: str, phone: str, template: str, blanks: Mapping[str, str]) -> str:
        request = SendSmsRequest()
        request.SmsSdkAppId = self._settings.app_id
        request.SignName = self._settings.sign
        request.TemplateId = self._settings.templates[template]
        request.TemplateParamSet = [blanks[name] for name in blanks_of(template)]
        request.PhoneNumberSet = [f"+86{phone}"]
        request.SessionContext = sms_id
        try:
            [status] = self._client.SendSms(request).SendStatusSet
        except TencentCloudSDKException as error:
            if _never_connected(error):
                raise SmsNotTaken(error.get_code(), again=True) from error
            if error.get_code() in BROKEN:
                raise  # the request may have arrived
            raise SmsNotTaken(error.get_code(), again=_passing(error.get_code())) from error
        if status.Code != "Ok":
            raise SmsNotTaken(status.Code, again=_passing(status.Code))
        return str(status.SerialNo)


def _passing(code: str) -> bool:
    return code.startswith(PASSING)


def _never_connected(error: TencentCloudSDKException) -> bool:
    cause = error.__context__
    reason = getattr(cause.args[0], "reason", None) if cause is not None and cause.args else None
    return isinstance(reason, NewConnectionError)
