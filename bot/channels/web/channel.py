"""The web channel: the wire protocol of `docs/protocol.md` over HTTP, and the pages that carry the widget."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import secrets
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import structlog
from rasa.core.channels.channel import InputChannel
from sanic import Blueprint, Sanic, response
from sanic.request import Request
from sanic.response import BaseHTTPResponse, HTTPResponse

from bot import hall
from bot.channels.web import pages
from bot.channels.web.errors import Denied, denial
from bot.channels.web.quota import Quota
from bot.channels.web.transcript import FORMS
from bot.greeting import on_page, opening, welcome
from bot.outside import Watch
from bot.said import Said, of_option, of_photo
from bot.shared_bell import bell
from bot.turns import OnNewMessage, Turns, now
from faq.places import SERVED
from faq.suggest import suggest
from hrss import closures, conversations, identity_tokens, photos, proofs, refunds
from hrss.errors import PhotoUnknown, Refusal, SessionRefusal, SessionUnknown
from hrss.identifiers import parse_slip_number
from hrss.identity_tokens import SignedIn
from hrss.lines import Line
from hrss.tables import Conversation
from hrss.vault import Vault

if TYPE_CHECKING:
    from sqlalchemy.engine import Row
    from sqlalchemy.orm import Session

log = structlog.get_logger()

COOKIE = "hrss_session"
PATH = "/webhooks/web"  # where Rasa puts the channel
LONGEST_TEXT = 10_000  # characters taken in; what is too long for an answer still gets one
LONGEST_REASON = 500
LONGEST_SITE = 100
LARGEST_BODY = 64 * 1024
MOST_DIGITS = 9  # of a message's number; a database takes no number of any size
CLIENT_MSG_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
HEARTBEAT_SECONDS = 15
PART = 200  # messages of a long transcript that are read at once
LONGEST_POLL_SECONDS = 25
CROSSING = {
    "Vary": "Origin",
    "Access-Control-Allow-Methods": "GET, POST, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, X-HRSS-Embed, Last-Event-ID",
    "Access-Control-Max-Age": "600",
}
Handler = Callable[..., Awaitable[BaseHTTPResponse]]


class WebChannel(InputChannel):
    """The channel `web`. The server makes every id; the client names only its own messages."""

    @classmethod
    def name(cls) -> str:
        return "web"

    def blueprint(self, on_new_message: OnNewMessage) -> Blueprint:
        settings, database = hall.settings(), hall.database()
        vault = Vault(settings)
        turns = Turns(
            database,
            vault,
            self.name(),
            on_new_message,
            about=_about,
            idle=settings.session_idle,
            patience=settings.turn_seconds,
            bell=bell(settings.redis_url, database),
            alone=not settings.redis_url,
        )
        quota = Quota(settings, settings.redis_url)
        origins = frozenset(settings.web_origins)
        web = Blueprint("web", url_prefix="/web")

        async def cross(request: Request, answer: BaseHTTPResponse) -> None:
            if request.headers.get("Origin") in origins and request.path.startswith(f"{PATH}/"):
                answer.headers.update(CROSSING)
                answer.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]

        @web.listener("before_server_start")
        async def let_listed_sites_read(app: Sanic, _loop: object) -> None:
            # Not of the blueprint's routes only: Rasa's server answers preflights before any route is found.
            app.register_middleware(cross, "response")

        @web.listener("after_server_start")
        async def resume(app: Sanic, _loop: object) -> None:
            left = await turns.resume(app.ctx.agent)
            if left:
                log.info("turns.resumed", count=left)
            app.add_task(Watch(database, turns.bell).watch())

        @web.listener("after_server_start")
        async def read_ahead(app: Sanic, _loop: object) -> None:
            # The letters of the whole book take seconds: nobody who types should wait for them.
            app.add_task(asyncio.to_thread(suggest, hall.shelf().book(), "zhmm"))

        @web.listener("before_server_stop")
        async def finish(app: Sanic, _loop: object) -> None:
            await turns.finish()

        def door(*, session: bool = True) -> Callable[[Handler], Handler]:
            """Let in only listed origins, find the conversation, and turn what is refused into its answer."""

            def guarded(handler: Handler) -> Handler:
                @wraps(handler)
                async def answered(request: Request, *args: Any, **kwargs: Any) -> BaseHTTPResponse:
                    try:
                        _check_origin(request, origins)
                        if session:
                            kwargs["conversation"] = await asyncio.to_thread(find, request)
                        result = await handler(request, *args, **kwargs)
                    except (Refusal, Denied) as refused:
                        result = denial(refused)
                    except Exception:
                        log.exception("web.failed", path=request.path)
                        result = denial(Denied(500, "out_of_order"))
                    result.headers.setdefault("Cache-Control", "no-store")  # what is said is for one reader
                    result.headers.setdefault("X-Content-Type-Options", "nosniff")
                    return result

                return answered

            return guarded

        def find(request: Request) -> Row:
            with database.reading() as session:
                return going_on(session, request)

        def going_on(session: Session, request: Request) -> Row:
            token = _token(request)
            if not token:
                raise SessionUnknown()
            return conversations.by_token(session, _hash(token), now())

        @web.post("/session")
        @door(session=False)
        async def open_session(request: Request) -> HTTPResponse:
            address = hall.business().sealer.lookup("address", request.remote_addr or request.ip)
            quota.session(address, request.headers["Origin"])  # counted by its hash, for Redis hears it
            asked = _body(request)
            province = asked.get("province") if asked.get("province") in SERVED else None
            token = secrets.token_urlsafe(32)

            def opened() -> tuple[Conversation, SignedIn | None, list[Line]]:
                with database.transaction() as session:
                    conversation = conversations.open(
                        session,
                        channel=self.name(),
                        site=(_text(asked.get("site")) or "")[:LONGEST_SITE] or None,
                        province=province,
                        large=bool(asked.get("large")),
                        token_hash=_hash(token),
                        now=now(),
                        idle=settings.session_idle,
                        address_lookup=address,
                    )
                    who = None
                    if "identity_token" in asked:
                        identity = _text(asked["identity_token"]) or ""
                        who = identity_tokens.sign_in(
                            session, settings, conversation.id, token=identity, now=now()
                        )
                    greeting = [
                        *opening(
                            session,
                            conversation.id,
                            who,
                            now(),
                            closed=closures.of_channel(session, self.name()),
                        ),
                        *on_page(asked.get("page"), conversation.province),
                    ]
                    conversations.say(session, conversation.id, author="bot", messages=greeting, now=now())
                    return conversation, who, conversations.after(session, conversation.id, 0)

            conversation, who, said = await asyncio.to_thread(opened)
            by_token = "X-HRSS-Embed" in request.headers  # the widget: a conversation of its own in every tab
            answer = response.json(
                {
                    "session": conversation.id,
                    "expires_at": conversation.expires_at.isoformat(),
                    "greeting": [_on_the_wire(message) for message in said],
                    "last_seq": said[-1].seq,
                    "now": now().isoformat(),
                    **(_signed_in(who) if who else {}),
                    **({"token": token} if by_token else {}),
                }
            )
            if not by_token:
                answer.cookies[COOKIE] = token
                cookie = answer.cookies[COOKIE]
                cookie["httponly"], cookie["samesite"], cookie["path"] = True, "Lax", PATH
                cookie["secure"] = request.headers.get("X-Forwarded-Proto", request.scheme) == "https"
            return answer

        @web.post("/identity")
        @door()
        async def identify(request: Request, conversation: Row) -> HTTPResponse:
            """Take over a login that happened after the conversation was opened."""
            quota.message(conversation.id)
            token = _text(_body(request).get("identity_token")) or ""

            def identified() -> SignedIn:
                with database.transaction() as session:
                    before = proofs.signed_in(session, conversation.id)
                    who = identity_tokens.sign_in(session, settings, conversation.id, token=token, now=now())
                    if before is None:
                        conversations.say(
                            session,
                            conversation.id,
                            author="bot",
                            messages=welcome(session, conversation.id, who, now()),
                            now=now(),
                        )
                    return who

            who = await asyncio.to_thread(identified)
            turns.bell.ring(conversation.id)
            return response.json(_signed_in(who))

        @web.post("/messages")
        @door()
        async def take_message(request: Request, conversation: Row) -> HTTPResponse:
            quota.message(conversation.id)
            sent = _body(request)
            client_msg_id = sent.get("client_msg_id")
            if not isinstance(client_msg_id, str) or not CLIENT_MSG_ID.fullmatch(client_msg_id):
                raise Denied(422, "client_msg_id_malformed")
            if "option_id" in sent or "upload_id" in sent:
                said = await asyncio.to_thread(_chosen, sent, conversation)
            else:
                said = _typed(sent)
            received = await turns.take(conversation.id, client_msg_id, said)
            return response.json({"seq": received.seq}, status=202)

        def _chosen(sent: dict[str, Any], conversation: Row) -> Said:
            with database.reading() as session:
                if "option_id" in sent:
                    return of_option(conversations.option(session, conversation.id, str(sent["option_id"])))
                if sent["upload_id"] not in photos.of_conversation(session, conversation.id):
                    raise PhotoUnknown()
                return of_photo(str(sent["upload_id"]))

        async def following(request: Request, seq: int) -> list[Line]:
            """What was said since; raises when the conversation has ended meanwhile."""

            def read() -> list[Line]:
                with database.reading() as session:
                    conversation = going_on(session, request)
                    return conversations.after(session, conversation.id, seq, limit=PART)

            return await asyncio.to_thread(read)

        async def after(conversation_id: str, seq: int) -> list[Line]:
            def read() -> list[Line]:
                with database.reading() as session:
                    return conversations.after(session, conversation_id, seq)

            return await asyncio.to_thread(read)

        @web.get("/history")
        @door()
        async def history(request: Request, conversation: Row) -> HTTPResponse:
            said = await after(conversation.id, _seq(request))
            return response.json(
                {
                    "messages": [_on_the_wire(message) for message in said],
                    "last_seq": said[-1].seq if said else _seq(request),
                    "expires_at": conversation.expires_at.isoformat(),
                    "now": now().isoformat(),
                }
            )

        @web.get("/transcript")
        @door()
        async def transcript(request: Request, conversation: Row) -> HTTPResponse:
            """Return the whole conversation as a file to keep."""
            form = str(request.args.get("as", ""))
            if form not in FORMS:
                raise Denied(422, "transcript_form_unknown")
            media_type, write = FORMS[form]

            def written() -> bytes:
                with database.reading() as session:
                    said = conversations.after(session, conversation.id, 0, limit=None)
                return write(said, now())

            headers = {"Content-Disposition": f'attachment; filename="transcript.{form}"'}
            return response.raw(await asyncio.to_thread(written), content_type=media_type, headers=headers)

        @web.get("/poll")
        @door()
        async def poll(request: Request, conversation: Row) -> HTTPResponse:
            seq, wait = _seq(request), min(_asked_for(request, "wait"), LONGEST_POLL_SECONDS)
            with turns.bell.heard(conversation.id) as ear:
                said = await after(conversation.id, seq)
                deadline = asyncio.get_running_loop().time() + wait
                while not said and not turns.bell.closed:
                    left = deadline - asyncio.get_running_loop().time()
                    if left <= 0:
                        break
                    await ear.rung(left)
                    said = ear.next_lines(seq) or await following(request, seq)
            return response.json(
                {
                    "messages": [_on_the_wire(message) for message in said],
                    "last_seq": said[-1].seq if said else seq,
                }
            )

        @web.get("/events")
        @door()
        async def events(request: Request, conversation: Row) -> BaseHTTPResponse:
            seq = _seq(request)

            async def stream(out: Any) -> None:
                nonlocal seq
                typing = False
                await out.write(": listening\n\n")  # Sanic sends the headers with the first bytes
                with turns.bell.heard(conversation.id) as ear:
                    while not turns.bell.closed:
                        try:
                            said = ear.next_lines(seq) or await following(request, seq)
                        except SessionRefusal:
                            return
                        for message in said:
                            seq = message.seq
                            await out.write(
                                _event(json.dumps(_on_the_wire(message), ensure_ascii=False), id=seq)
                            )
                        if len(said) == PART:
                            continue
                        if turns.is_busy(conversation.id) != typing:
                            typing = not typing
                            await out.write(_event(json.dumps({"on": typing}), name="typing"))
                        if not await ear.rung(HEARTBEAT_SECONDS):
                            await out.write(": still here\n\n")

            return response.stream(
                stream,
                content_type="text/event-stream; charset=utf-8",
                headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
            )

        @web.get("/suggest")
        @door()
        async def suggestions(request: Request, conversation: Row) -> HTTPResponse:
            quota.suggestion(conversation.id)
            typed = str(request.args.get("q", ""))[:100]
            book = hall.shelf().book()
            found = await asyncio.to_thread(suggest, book, typed, conversation.province)
            return response.json({"suggestions": [each._asdict() for each in found]})

        @web.post("/feedback")
        @door()
        async def feedback(request: Request, conversation: Row) -> HTTPResponse:
            sent = _body(request)
            seq, helpful = sent.get("seq"), sent.get("helpful")
            reason = _text(sent.get("reason") or "")
            if type(seq) is not int or not 0 < seq < 10**MOST_DIGITS:
                raise Denied(422, "feedback_malformed")
            if not isinstance(helpful, bool) or reason is None:
                raise Denied(422, "feedback_malformed")

            def rate() -> None:
                with database.transaction() as session:
                    masked = vault.tokenise(session, conversation.id, reason).text[:LONGEST_REASON]
                    conversations.rate(
                        session, conversation.id, seq, helpful=helpful, reason=masked or None, now=now()
                    )

            await asyncio.to_thread(rate)
            return response.json({"seq": seq})

        @web.post("/rating")
        @door()
        async def rating(request: Request, conversation: Row) -> HTTPResponse:
            given = _body(request).get("rating")
            if type(given) is not int or given not in conversations.RATINGS:
                raise Denied(422, "rating_malformed")

            def rate() -> None:
                with database.transaction() as session:
                    conversations.rate_whole(session, conversation.id, given, now=now())

            await asyncio.to_thread(rate)
            return response.json({"rating": given})

        @web.post("/consent")
        @door()
        async def consent(request: Request, conversation: Row) -> HTTPResponse:
            sent = _body(request)
            if sent.get("kind") != photos.CONSENT or not isinstance(sent.get("granted"), bool):
                raise Denied(422, "consent_malformed")

            def record() -> None:
                with database.transaction() as session:
                    conversations.record_consent(
                        session,
                        conversation.id,
                        kind=photos.CONSENT,
                        granted=sent["granted"],
                        text_version="1",
                        now=now(),
                    )

            await asyncio.to_thread(record)
            return response.json({"kind": photos.CONSENT, "granted": sent["granted"]})

        @web.post("/uploads")
        @door()
        async def upload(request: Request, conversation: Row) -> HTTPResponse:
            quota.message(conversation.id)
            file = request.files.get("file") if request.files else None
            if file is None:
                raise Denied(422, "upload_malformed")

            def keep() -> str:
                with database.transaction() as session:
                    return photos.keep(session, hall.business(), conversation.id, data=file.body, now=now())

            return response.json({"upload_id": await asyncio.to_thread(keep)})

        @web.delete("/session")
        @door()
        async def end_session(request: Request, conversation: Row) -> HTTPResponse:
            def end() -> None:
                with database.transaction() as session:
                    conversations.end(session, conversation.id, now())

            await asyncio.to_thread(end)
            turns.bell.ring(conversation.id)
            answer = response.empty()
            del answer.cookies[COOKIE]
            answer.cookies[COOKIE]["path"] = PATH
            return answer

        @web.get("/slip")
        @door()
        async def slip(request: Request, conversation: Row) -> HTTPResponse:
            """A 稳岗返还政策确认单, for whoever may confirm for its organization."""
            number = _text(str(request.args.get("number", ""))) or ""

            def archived() -> bytes:
                with database.transaction() as session:  # asking keeps the proof alive
                    return refunds.slip(session, hall.business(), conversation.id, number=number, now=now())

            pdf = await asyncio.to_thread(archived)
            name = parse_slip_number(number)
            return response.raw(
                pdf,
                content_type="application/pdf",
                headers={"Content-Disposition": f'attachment; filename="{name}.pdf"'},
            )

        @web.get("/live")
        async def live(request: Request) -> HTTPResponse:
            """Say that this process answers, whatever becomes of the others."""
            return response.json({"live": True})

        @web.get("/ready")
        async def ready(request: Request) -> HTTPResponse:
            """Say whether a message would be answered now: the model is loaded, the shared database answers."""
            agent = getattr(request.app.ctx, "agent", None)
            parts = {
                "model": bool(agent and agent.is_ready()),
                "database": await asyncio.to_thread(database.answers),
            }
            return response.json(parts, status=200 if all(parts.values()) else 503)

        pages.add_to(web, origins)
        return web


def _check_origin(request: Request, origins: frozenset[str]) -> None:
    """Refuse foreign pages; what changes something must name its page, what only reads may come without one."""
    origin = request.headers.get("Origin")
    if origin is None and request.method not in ("GET", "HEAD"):
        raise Denied(403, "origin_missing")
    if origin is not None and origin not in origins:
        raise Denied(403, "origin_foreign")


def _token(request: Request) -> str | None:
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and bearer:
        return bearer.strip()
    cookie: str | None = request.cookies.get(COOKIE)
    return cookie


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()  # a header may hold any bytes


def _body(request: Request) -> dict[str, Any]:
    if len(request.body) > LARGEST_BODY:
        raise Denied(413, "message_too_long")
    try:
        body = json.loads(request.body or b"{}")
    except (ValueError, RecursionError):  # the second when brackets are nested a thousand deep
        body = None
    if not isinstance(body, dict):
        raise Denied(400, "body_malformed")
    return body


def _typed(sent: dict[str, Any]) -> Said:
    text = _text(sent.get("text")) or ""
    if not text.strip():
        raise Denied(422, "message_empty")
    if len(text) > LONGEST_TEXT:
        raise Denied(413, "message_too_long")
    return Said(text)


def _text(value: Any) -> str | None:
    """Return a text without what no database can hold, NUL and halves of surrogate pairs; None for anything else."""
    if not isinstance(value, str):
        return None
    return value.replace("\0", "").encode("utf-8", "ignore").decode("utf-8")


def _number(value: str) -> int:
    if not value.isdecimal() or len(value) > MOST_DIGITS:
        raise Denied(422, "number_malformed")
    return int(value)


def _asked_for(request: Request, name: str) -> int:
    return _number(str(request.args.get(name, "0")))


def _seq(request: Request) -> int:
    """Return the last message the client has: what its event source remembers, or what it says."""
    last = request.headers.get("Last-Event-ID")
    return _number(last) if last else _asked_for(request, "after")


def _about(session: Session, conversation: Row) -> dict[str, Any]:
    signed_in = proofs.signed_in(session, conversation.id) is not None
    return {"province": conversation.province, "signed_in": signed_in}


def _signed_in(who: SignedIn) -> dict[str, Any]:
    return {"signed_in": {"role": who.subject.kind.value, "name": who.name, "province": who.province}}


def _event(data: str, *, id: int | None = None, name: str | None = None) -> str:
    head = f"id: {id}\n" if id is not None else ""
    return f"{head}event: {name}\ndata: {data}\n\n" if name else f"{head}data: {data}\n\n"


def _on_the_wire(message: Line) -> dict[str, Any]:
    """Return a stored message as the client may see it: an option's payload stays here."""
    body = dict(message.body or {})
    options = [{k: v for k, v in option.items() if k != "payload"} for option in body.pop("options", ())]
    return {
        "seq": message.seq,
        "at": message.at.isoformat(),
        "from": message.author,
        "kind": message.kind,
        "text": message.text,
        **body,
        **({"options": options} if options else {}),
        **({"client_msg_id": message.client_msg_id} if message.client_msg_id else {}),
    }
