"""绑定微信, 解绑微信: a WeChat account proves its person after an SMS code has, until it is released."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from actions import proving
from actions.flow import Field, Flow, Step
from hrss import wechat_accounts
from hrss.authority import Act
from hrss.errors import WechatNotBound


class BindWechat(Flow):
    stem = "bind_wechat"

    def allowed(self, step: Step) -> None:
        wechat_accounts.is_bound(step.session, step.conversation_id)

    def fields(self, known: Mapping[str, str]) -> Iterator[Field]:
        return proving.by_phone(Act.BIND_WECHAT)

    def summary(self, step: Step) -> dict[str, str]:
        return {"name": step.run.values["person_name"]}

    def act(self, step: Step) -> None:
        bound = wechat_accounts.bind(
            step.session, step.hall, step.conversation_id, key=step.key("bind"), now=step.now
        )
        step.say("utter_wechat_bound_instead" if bound.replaced else "utter_wechat_bound")


class ReleaseWechat(Flow):
    stem = "release_wechat"

    def allowed(self, step: Step) -> None:
        if not wechat_accounts.is_bound(step.session, step.conversation_id):
            raise WechatNotBound()

    def fields(self, known: Mapping[str, str]) -> Iterator[Field]:
        return iter(())

    def summary(self, step: Step) -> dict[str, str]:
        return {}

    def act(self, step: Step) -> None:
        wechat_accounts.release(
            step.session, step.hall, step.conversation_id, key=step.key("release"), now=step.now
        )
        step.say("utter_wechat_released")
