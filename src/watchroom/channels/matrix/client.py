"""Matrix' client-server API, version 3: direct rooms, messages that are edited in place, reactions, and rooms.

https://spec.matrix.org/latest/client-server-api/ (PUT …/send/{type}/{txnId} is sent once for a transaction's id;
``m.replace`` edits; ``m.annotation`` is a reaction; ``m.direct`` in the account data names direct rooms; 429 carries
``retry_after_ms`` or Retry-After)
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from ...workspaces.base import Access, Button, Card, Heard, Polled, Posted, Room, Statement
from ..base import DeliveryFailed
from ..chat import SIGNS, Json
from ..wording import one_line

USER = re.compile(r"@[^\s:]{1,200}:[^\s]{1,200}")
_V3 = "/_matrix/client/v3"
# What is pressed is a reaction. The first of each is what the message offers.
EMOJI = "📌"  # the reaction that takes a message into the log, where none is set
REACTIONS = {
    "✅": "ack",
    "👍": "ack",
    "⏫": "escalate",
    "🆘": "escalate",
    "💤": "snooze",
    "😴": "snooze",
    "☑": "resolve",
    "🏁": "resolve",
    "▶": "approve",
    "🚫": "decline",
}
_OFFERED = {"ack": "✅", "escalate": "⏫", "snooze": "💤", "resolve": "🏁", "approve": "▶️", "decline": "🚫"}
_WORDS = {"ack": "ack", "acknowledge": "ack", "ok": "ack", "1": "ack", "escalate": "escalate", "help": "escalate", "9": "escalate", "snooze": "snooze", "resolve": "resolve", "done": "resolve", "approve": "approve", "decline": "decline"}  # fmt: skip
_ONLY = {
    "presence": {"types": []},
    "account_data": {"types": []},
    "room": {
        "account_data": {"types": []},
        "ephemeral": {"types": []},
        "state": {"types": ["m.room.pinned_events"]},
        "timeline": {
            "limit": 50,
            "types": ["m.room.message", "m.reaction", "m.room.pinned_events", "m.room.redaction"],
        },
    },
}
_SYNC_LIMIT_BYTES = 8 * 1024 * 1024


class Matrix:
    """One account on a homeserver."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self.api = Json(str(access.settings["url"]), {"Authorization": f"Bearer {access.settings['token']}"})

    def _call(self, method: str, path: str, body: object = None, **options: Any) -> Any:
        return self.api.call(method, f"{_V3}{path}", body, **options)

    def _me(self) -> str:
        return self.access.account or self.try_it()[0]

    def try_it(self) -> tuple[str, str]:
        me = str(self._call("GET", "/account/whoami")["user_id"])
        return me, f"Matrix knows us as {me}."

    def user(self, text: str) -> str:
        if not USER.fullmatch(text):
            raise DeliveryFailed("that is not a Matrix id.", permanent=True, fix="Use one such as @kim:example.org.")
        return text

    def direct(self, user: str) -> str:
        """The direct room with a person, made if there is none that they are still in or invited to."""
        place = f"/user/{quote(self._me(), safe='')}/account_data/m.direct"
        try:
            rooms = self._call("GET", place)
        except DeliveryFailed as failed:
            if not failed.permanent:
                raise
            rooms = {}  # nothing has been written there yet
        rooms = rooms if isinstance(rooms, dict) else {}
        for room in reversed(rooms.get(user) or []):
            if self._is_in(str(room), user):
                return str(room)
        made = self._call(
            "POST",
            "/createRoom",
            {"is_direct": True, "preset": "trusted_private_chat", "invite": [user], "name": "Watchroom"},
        )
        room = str(made["room_id"])
        self._call("PUT", place, {**rooms, user: [*(rooms.get(user) or []), room]})
        return room

    def _is_in(self, room: str, user: str) -> bool:
        try:
            said = self._call("GET", f"/rooms/{quote(room, safe='')}/state/m.room.member/{quote(user, safe='')}")
        except DeliveryFailed as failed:
            if failed.permanent:
                return False
            raise
        return isinstance(said, dict) and said.get("membership") in ("join", "invite")

    def post(self, place: str, card: Card, *, key: str) -> Posted:
        """A room's name (#alerts:example.org) is looked up; a room that we are not in is joined (or an invitation to it
        taken)."""
        room, content = self._room(place), {"msgtype": "m.text", **drawn(card)}
        try:
            event = self._send(room, "m.room.message", content, key)
        except DeliveryFailed as failed:
            if "answered 403" not in failed.message:
                raise
            self._call("POST", f"/join/{quote(place, safe='')}", {})
            event = self._send(room, "m.room.message", content, key)
        self._offer(room, event, card)
        return Posted(room, event)

    def _offer(self, room: str, event: str, card: Card) -> None:
        """What there is to press first stands below the message; who presses it adds to it. Nothing that is risky does: it is
        too near to the thumb."""
        for button in card.buttons[:1]:
            if button.ask:
                continue
            try:
                relation = {"rel_type": "m.annotation", "event_id": event, "key": _OFFERED[button.key]}
                self._send(room, "m.reaction", {"m.relates_to": relation}, f"{event}-{button.key}")
            except DeliveryFailed:
                pass  # the message is there, and says what to press

    def _room(self, place: str) -> str:
        if place.startswith("!"):
            return place
        if not place.startswith("#"):
            raise DeliveryFailed(
                "That is not a room.", permanent=True, fix="Use #alerts:example.org or !id:example.org."
            )
        return str(self._call("GET", f"/directory/room/{quote(place, safe='')}")["room_id"])

    def update(self, posted: Posted, card: Card) -> None:
        content = {"msgtype": "m.text", **drawn(card)}
        edit = {
            **content,
            "body": f"* {content['body']}",
            "m.new_content": content,
            "m.relates_to": {"rel_type": "m.replace", "event_id": posted.message},
        }
        mark = hashlib.sha256(msgspec.json.encode(content)).hexdigest()[:20]
        self._send(posted.place, "m.room.message", edit, f"{posted.message}-{mark}")

    def say(self, place: str, text: str, *, key: str) -> None:
        """A line of text. Sent as a notice, which bots do not answer."""
        self._send(place, "m.room.message", {"msgtype": "m.notice", "body": text}, key)

    def _send(self, room: str, kind: str, content: Mapping[str, Any], key: str) -> str:
        transaction = hashlib.sha256(key.encode()).hexdigest()[:40]
        said = self._call("PUT", f"/rooms/{quote(room, safe='')}/send/{kind}/{transaction}", content)
        return str(said["event_id"])

    def poll(self, since: str, seconds: int) -> Polled:
        """What has been pressed and written since; waits up to ``seconds`` for it. The first time only from when on."""
        asked = {"timeout": str(seconds * 1000 if since else 0), "filter": msgspec.json.encode(_ONLY).decode()}
        if since:
            asked["since"] = since
        said = self._call(
            "GET", f"/sync?{urlencode(asked)}", timeout_seconds=seconds + 10.0, limit_bytes=_SYNC_LIMIT_BYTES
        )
        heard: list[Heard] = []
        me = self._me()
        for room, events in ((said.get("rooms") or {}).get("join") or {}).items():
            happened = [*((events.get("state") or {}).get("events") or [])]
            happened += (events.get("timeline") or {}).get("events") or []
            for event in happened:
                if since and isinstance(event, dict) and event.get("sender") != me:
                    heard += understood(str(room), event, self._emoji())
        return Polled(tuple(heard), str(said["next_batch"]))

    # Rooms

    def create_room(self, name: str, *, topic: str = "", private: bool = False) -> Room:
        body = {"name": name[:200], "topic": topic, "preset": "private_chat" if private else "public_chat"}
        room = str(self._call("POST", "/createRoom", body)["room_id"])
        return Room(room, name[:200], f"https://matrix.to/#/{quote(room, safe='')}")

    def invite(self, room: str, users: Sequence[str]) -> None:
        for user in users:
            if not self._is_in(room, user):
                self._call("POST", f"/rooms/{quote(room, safe='')}/invite", {"user_id": user})

    def set_topic(self, room: str, topic: str) -> None:
        self._call("PUT", f"/rooms/{quote(room, safe='')}/state/m.room.topic", {"topic": topic})

    def archive(self, room: str) -> None:
        """Matrix keeps rooms for ever; nobody but us may write in it any more."""
        place = f"/rooms/{quote(room, safe='')}/state/m.room.power_levels"
        levels = self._call("GET", place)
        self._call("PUT", place, {**levels, "events_default": 100})

    # What people wrote there

    def _emoji(self) -> str:
        return str(self.access.settings.get("emoji") or EMOJI)

    def statement(self, room: str, message: str) -> Statement:
        """As it was first written: an edit is an event of its own."""
        event = self._call("GET", f"/rooms/{quote(room, safe='')}/event/{quote(message, safe='')}")
        content, user = event.get("content") or {}, str(event.get("sender", ""))
        if event.get("type") != "m.room.message" or not content.get("body"):
            raise DeliveryFailed("That is not a message, or it was taken back.", permanent=True)
        try:
            name = str(self._call("GET", f"/profile/{quote(user, safe='')}").get("displayname") or user)
        except DeliveryFailed:
            name = user
        lines = [line for line in str(content["body"]).splitlines() if not line.startswith("> ")]
        return Statement(
            author=user,
            name=one_line(name, 100),
            text="\n".join(lines).strip(),
            at=datetime.fromtimestamp(int(event["origin_server_ts"]) / 1000, UTC),
            url=f"https://matrix.to/#/{quote(room, safe='')}/{quote(message, safe='')}",
        )

    def whisper(self, room: str, user: str, text: str, *, key: str) -> None:
        """In the direct room: what is said in a room is read by all of it."""
        self.say(self.direct(user), text, key=key)


def understood(room: str, event: Mapping[str, Any], emoji: str = EMOJI) -> list[Heard]:
    """A reaction to a message, a reply to one, a line that begins with !watchroom, or what is pinned now."""
    user, content = str(event.get("sender", "")), event.get("content")
    if not isinstance(content, dict):
        return []
    relation = content.get("m.relates_to")
    relation = relation if isinstance(relation, dict) else {}
    if event.get("type") == "m.room.pinned_events":  # all that is pinned now
        pinned = content.get("pinned")
        numbers = tuple(each for each in pinned if isinstance(each, str)) if isinstance(pinned, list) else ()
        return [Heard("pins", user, message=Posted(room, ""), pins=numbers)]
    if event.get("type") == "m.room.redaction":  # of a reaction, perhaps; content.redacts since room version 11
        redacted = str(content.get("redacts") or event.get("redacts") or "")
        return [Heard("unmark", user, f"reaction:{redacted}", message=Posted(room, ""))]
    if event.get("type") == "m.reaction" and _bare(relation.get("key")) == _bare(emoji):
        mark, number = f"reaction:{event.get('event_id', '')}", str(relation.get("event_id", ""))
        return [Heard("mark", user, mark, message=Posted(room, number))]
    if event.get("type") == "m.reaction":
        key = REACTIONS.get(str(relation.get("key", "")).replace("\ufe0f", ""))
        return [_pressed(user, key, room, relation.get("event_id"))] if key else []
    if content.get("msgtype") != "m.text" or relation.get("rel_type") == "m.replace":
        return []
    # A reply may quote what it answers: https://spec.matrix.org/latest/client-server-api/#rich-replies
    lines = [line for line in str(content.get("body", "")).splitlines() if not line.startswith(">")]
    text = " ".join(lines).strip()
    answered = (relation.get("m.in_reply_to") or {}).get("event_id")
    if answered and (key := _WORDS.get(text.lower().rstrip(".!"))):
        return [_pressed(user, key, room, answered)]
    first, _, rest = text.partition(" ")
    if first.lower() in ("!watchroom", "/watchroom"):
        number = str(event.get("event_id", ""))
        return [Heard("text", user, text=rest.strip(), message=Posted(room, number), reply=f"{room} {number}")]
    return []


def _bare(emoji: object) -> str:
    """Without the sign that says that it is shown in colours."""
    return str(emoji or "").replace("\ufe0f", "")


def _pressed(user: str, key: str, room: str, event: object) -> Heard:
    return Heard("button", user, key, message=Posted(room, str(event)), reply=f"{room} {event}")


def _offered(card: Card) -> tuple[Button, ...]:
    """What can be answered by a reaction: it names no part, so where several wait for one, none can."""
    waiting = [part for part in card.parts if part.buttons]
    return (*card.buttons, *(waiting[0].buttons if len(waiting) == 1 else ()))


def _rich(title: str, text: str, state: str) -> str:
    lines = [f"<strong>{escape(title)}</strong>", escape(text).replace("\n", "<br>")]
    return "<br>".join(line for line in [*lines, f"<em>{escape(state)}</em>" if state else ""] if line)


def drawn(card: Card) -> dict[str, Any]:
    """The text, plain and as HTML, with what to press."""
    sign, title = SIGNS.get(card.tone, ""), one_line(card.title, 250)
    presses = ", ".join(f"{_OFFERED[each.key]} {each.label}" for each in _offered(card) if each.key in _OFFERED)
    how = f"React: {presses}. Or reply with the word." if presses else ""
    parts = [
        (f"{SIGNS.get(part.tone, '')} {one_line(part.title, 250)}", part.text[:1000], part.state) for part in card.parts
    ]
    plain = [f"{sign} {title}", card.text[:4000], card.state, *(line for part in parts for line in part), card.url, how]
    linked = f'<a href="{escape(card.url)}">{escape(title)}</a>' if card.url else escape(title)
    rich = [
        f"{sign} <strong>{linked}</strong>",
        escape(card.text[:4000]).replace("\n", "<br>"),
        f"<em>{escape(card.state)}</em>" if card.state else "",
        *(_rich(*part) for part in parts),
        escape(how),
    ]
    return {
        "body": "\n".join(part for part in plain if part),
        "format": "org.matrix.custom.html",
        "formatted_body": "<br>".join(part for part in rich if part),
    }
