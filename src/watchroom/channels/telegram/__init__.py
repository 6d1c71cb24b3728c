"""Telegram: messages with buttons, through a bot of one's own (docs/chat.md).

https://core.telegram.org/bots/api: sendMessage, editMessageText, answerCallbackQuery (which may be the answer to the
webhook's request), setWebhook with ``secret_token`` (sent back in X-Telegram-Bot-Api-Secret-Token); a failure is
``{"ok": false, "error_code", "description", "parameters": {"retry_after"}}``.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from html import escape
from typing import Any

import msgspec

from ...kernel import http
from ...kernel.errors import NotAllowed, Refused
from ...workspaces.base import Access, Button, Card, Field, Heard, Posted
from ..base import DeliveryFailed
from ..chat import SIGNS, ChatChannel, setting
from ..wording import one_line

BASE = "https://api.telegram.org"
_MOST = 4000  # of the 4,096 characters of a message, tags and escapes not counted: the others are signs and line ends
_CHAT = re.compile(r"-?[0-9]{1,20}|@[A-Za-z0-9_]{4,64}")


class Telegram:
    """One bot."""

    def __init__(self, access: Access) -> None:
        self.access = access

    def _call(self, method: str, body: dict[str, Any]) -> Any:
        """The token is a part of the address: no message of ours names more of it than the server."""
        url = f"{self.access.settings.get('url') or BASE}/bot{self.access.settings['token']}/{method}"
        try:
            answer = http.fetch(
                "POST", url, headers={"Content-Type": "application/json"}, content=msgspec.json.encode(body)
            )
        except Refused as error:
            raise DeliveryFailed(error.message, permanent=True, fix=error.fix) from None
        except http.OutgoingFailed as error:
            raise DeliveryFailed(error.message) from None
        try:
            said = msgspec.json.decode(answer.body)
            if answer.ok and said["ok"]:
                return said["result"]
            more = said.get("parameters") or {}
            text, wait, moved = (
                str(said.get("description", "")),
                more.get("retry_after"),
                more.get("migrate_to_chat_id"),
            )
        except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
            text, wait, moved = "", None, None
        passing = answer.status == 429 or answer.status >= 500
        raise DeliveryFailed(
            f"Telegram answered {answer.status}: {one_line(text, 200)}",
            permanent=not passing,
            retry_after=timedelta(seconds=min(int(wait), 86_400)) if isinstance(wait, int) else answer.retry_after,
            fix=f"The group has another number now: {moved}." if isinstance(moved, int) else _fix(answer.status, text),
        )

    def try_it(self) -> tuple[str, str]:
        """Says who the bot is, and has Telegram send answers to us. It does so only to an https address."""
        me = self._call("getMe", {})
        name = f"Telegram knows us as @{one_line(str(me.get('username', '?')), 60)}."
        if not self.access.hook_url.startswith("https://"):
            return str(me["id"]), f"{name} Buttons work only where WATCHROOM_URL is an https address."
        self._call(
            "setWebhook",
            {
                "url": self.access.hook_url,
                "secret_token": self.access.hook_key,
                "allowed_updates": ["message", "callback_query"],
            },
        )
        return str(me["id"]), f"{name} People write /start to it to learn their chat number."

    def user(self, text: str) -> str:
        if not re.fullmatch(r"[0-9]{1,20}", text):
            raise DeliveryFailed(
                "that is not a chat number.",
                permanent=True,
                fix="Write /start to the bot: it answers with your number.",
            )
        return text

    def direct(self, user: str) -> str:
        return user

    def post(self, place: str, card: Card, *, key: str) -> Posted:
        """Telegram has no way to drop a duplicate: a retry after an unknown outcome may be seen twice."""
        if not _CHAT.fullmatch(place):
            raise DeliveryFailed(
                "That is not a chat.", permanent=True, fix="Use its number, such as -1001234567890, or @channelname."
            )
        said = self._call("sendMessage", {"chat_id": int(place) if place[0] != "@" else place, **drawn(card)})
        return Posted(str(said["chat"]["id"]), str(said["message_id"]))

    def update(self, posted: Posted, card: Card) -> None:
        body = {"chat_id": int(posted.place), "message_id": int(posted.message), **drawn(card)}
        try:
            self._call("editMessageText", body)
        except DeliveryFailed as failed:
            if "not modified" not in failed.message:
                raise


def _fix(status: int, text: str) -> str:
    if status == 401 or status == 404:
        return "Paste the bot's token again, as @BotFather shows it."
    if "chat not found" in text or status == 403:
        return "Write /start to the bot first, or add it to the group."
    return ""


def drawn(card: Card) -> dict[str, Any]:
    """The text as Telegram's HTML (of what is read of it, at most 4,096 characters) and the buttons, two in a row. Titles and
    states are always there; the texts share what is left."""
    title, state = one_line(card.title, 250), card.state[:500]
    # All buttons stand below the text: where there are several parts, each names its own.
    names = [f"{number}. " if len(card.parts) > 1 else "" for number in range(1, len(card.parts) + 1)]
    room = _MOST - len(title) - len(state)
    room -= sum(len(one_line(part.title, 200)) + len(part.state[:300]) for part in card.parts)
    text = card.text[: min(room, 1200 if card.parts else 2500)]
    room -= len(text)
    linked = f'<a href="{escape(card.url)}">{escape(title)}</a>' if card.url else escape(title)
    said = [f"{SIGNS.get(card.tone, '')} <b>{linked}</b>", escape(text), _small(state)]
    keys = [_key(each, each.label, card.about) for each in card.buttons]
    rows = [keys[at : at + 2] for at in range(0, len(keys), 2)]
    for at, (name, part) in enumerate(zip(names, card.parts, strict=True)):
        text = part.text[: min(700, room // (len(card.parts) - at))]
        room -= len(text)
        heading = f"\n{SIGNS.get(part.tone, '')} <b>{name}{escape(one_line(part.title, 200))}</b>"
        said += [heading, escape(text), _small(part.state[:300])]
        rows += [[_key(each, f"{name}{each.label}", part.about) for each in part.buttons]] if part.buttons else []
    return {
        "text": "\n".join(each for each in said if each),
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
        "reply_markup": {"inline_keyboard": rows},
    }


def _small(text: str) -> str:
    return f"<i>{escape(text)}</i>" if text else ""


def _key(button: Button, label: str, about: str) -> dict[str, str]:
    return {"text": label, "callback_data": f"{button.key}:{about}"[:64]}


class Product:
    """See the module's text."""

    name = "telegram"
    label = "Telegram"
    summary = "Pages as messages with buttons from a bot of your own; groups and channels as steps of a policy."
    fields = (
        Field(
            "token",
            "Bot token",
            "From @BotFather, such as 123456789:AAE….",
            kind="password",
            secret=True,
            required=True,
        ),
        Field("url", "API address", f"Leave empty for {BASE}.", kind="url"),
    )
    rooms = False
    groups = False
    room_help = "the group's number, such as -1001234567890, or @channelname"
    polls = False
    watched = False
    takes_answers = True
    hook_help = "Telegram is told of it whenever you save and try."

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        return {
            "token": setting(
                settings,
                "token",
                pattern=re.compile(r"[0-9]{3,20}:[A-Za-z0-9_-]{8,100}"),
                fix="Paste the token as @BotFather shows it, such as 123456789:AAE….",
                secret=True,
                required=False,
            ),
            "url": http.check_url(settings.get("url") or BASE).rstrip("/"),
        }

    def describe(self, settings: Mapping[str, Any]) -> str:
        return f"bot {str(settings.get('token', '')).partition(':')[0]}"

    def client(self, access: Access) -> Telegram:
        return Telegram(access)

    def read(self, access: Access, headers: Mapping[str, str], body: bytes, at: datetime) -> list[Heard]:
        stated = headers.get("x-telegram-bot-api-secret-token", "")
        if not hmac.compare_digest(stated.encode(), access.hook_key.encode()):
            raise NotAllowed("This is not sent by Telegram for this bot.", fix="Save and try the workspace again.")
        try:
            said = msgspec.json.decode(body)
            if pressed := said.get("callback_query"):
                key, _, about = str(pressed.get("data", "")).partition(":")
                box = pressed.get("message") or {}
                posted = Posted(str(box["chat"]["id"]), str(box["message_id"])) if box else None
                return [Heard("button", str(pressed["from"]["id"]), key, about, "", posted, str(pressed["id"]))]
            message = said.get("message") or {}
            text = str(message.get("text", ""))
            if not text or message["chat"].get("type") != "private":
                return []  # in a group it would hear everything
            # A command is written /ack, and in some apps /ack@bot.
            word, _, rest = text.strip().partition(" ")
            word = word.lstrip("/").partition("@")[0]
            return [
                Heard(
                    "text", str(message["from"]["id"]), text=f"{word} {rest}".strip(), reply=str(message["chat"]["id"])
                )
            ]
        except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
            raise Refused("This is not what Telegram sends.", field="update", fix="Send an update.") from None

    def answer(self, access: Access, heard: Heard, text: str, *, ok: bool) -> dict[str, Any] | None:
        """The answer to Telegram's request is itself a call of a method."""
        if heard.kind == "text":
            return {"method": "sendMessage", "chat_id": int(heard.reply), "text": text[:4000]}
        said = {"method": "answerCallbackQuery", "callback_query_id": heard.reply}
        return said if ok and not text else {**said, "text": text[:200], "show_alert": not ok}


product = Product()
channel = ChatChannel(
    "telegram", "Telegram", "Chat number", "Write /start to the bot: it answers with your number, such as 123456789."
)
