"""Servers that speak what Slack, Mattermost, Matrix and Telegram document, as far as Watchroom uses it: each checks
what it is sent and keeps the messages that stand in its rooms."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from slack_sdk.models.blocks import Block

from .http import Answer, HttpPeer, Request


@dataclass
class Chat:
    """What stands where: by (place, message) the newest content. ``problems``: what the product would have refused."""

    peer: HttpPeer
    token: str
    messages: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    rooms: dict[str, dict[str, Any]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    broken: Answer | None = None  # given instead of doing anything
    written: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)  # what people wrote
    whispers: list[tuple[str, str, str]] = field(default_factory=list)  # what one of a room was told: room, user, text

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)
        self.peer.otherwise = self.serve

    def serve(self, request: Request) -> Answer:
        if self.broken is not None:
            return self.broken
        try:
            return self.answer(request)
        except (AssertionError, KeyError, ValueError) as error:
            self.problems.append(f"{request.method} {request.path}: {type(error).__name__} {error}")
            raise

    def answer(self, request: Request) -> Answer:
        raise NotImplementedError

    def only(self) -> tuple[tuple[str, str], dict[str, Any]]:
        """The one message that stands anywhere."""
        assert len(self.messages) == 1, self.messages
        return next(iter(self.messages.items()))


@dataclass
class Slack(Chat):
    """https://docs.slack.dev/apis/web-api/. Members: U0KIM00 is kim@example.org. ``groups``: its user groups, by their ids;
    ``told``: each time that the members of one were set. ``guests`` can't be in one."""

    scopes: set[str] = field(default_factory=lambda: {"chat:write", "usergroups:read", "usergroups:write"})
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    told: list[tuple[str, list[str]]] = field(default_factory=list)
    listed: int = 0
    guests: set[str] = field(default_factory=set)

    def answer(self, request: Request) -> Answer:
        method = request.path.removeprefix("/")
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return Answer(200, {"ok": False, "error": "invalid_auth"})
        if request.headers["content-type"].startswith("application/json"):
            said = request.json()
        else:
            said = {name: value[0] for name, value in parse_qs(request.text).items()}
        error, done = getattr(self, method.replace(".", "_"))(said)
        headers = {"X-OAuth-Scopes": ",".join(sorted(self.scopes))}
        return Answer(200, {"ok": False, "error": error, **done} if error else {"ok": True, **done}, headers)

    def add_group(self, handle: str, number: str, *users: str, disabled: bool = False) -> str:
        """Somebody makes a user group, with these in it."""
        self.groups[number] = {
            "id": number,
            "team_id": "T1",
            "is_usergroup": True,
            "name": handle.capitalize(),
            "handle": handle,
            "date_delete": 1446670362 if disabled else 0,
            "users": list(users),
        }
        return number

    def _lacks(self, scope: str) -> dict[str, Any]:
        return {} if scope in self.scopes else {"needed": scope, "provided": ",".join(sorted(self.scopes))}

    def usergroups_list(self, said: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """https://docs.slack.dev/reference/methods/usergroups.list"""
        self.listed += 1
        if lacks := self._lacks("usergroups:read"):
            return "missing_scope", lacks
        shown = [
            each for each in self.groups.values() if said.get("include_disabled") == "true" or not each["date_delete"]
        ]
        return "", {"usergroups": [{name: each[name] for name in each if name != "users"} for each in shown]}

    def usergroups_users_update(self, said: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """https://docs.slack.dev/reference/methods/usergroups.users.update"""
        users = [each.strip() for each in said.get("users", "").split(",") if each.strip()]
        self.told.append((said["usergroup"], users))
        if lacks := self._lacks("usergroups:write"):
            return "missing_scope", lacks
        if said["usergroup"] not in self.groups:
            return "no_such_subteam", {}
        if not users:
            return "no_users_provided", {}
        if not all(re.fullmatch(r"[UW][A-Z0-9]+", each) for each in users):
            return "invalid_users", {}
        if self.guests & set(users):
            return "invalid_user", {}
        self.groups[said["usergroup"]]["users"] = users
        return "", {"usergroup": self.groups[said["usergroup"]]}

    def auth_test(self, said: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        return "", {"user_id": "U0BOT00", "user": "watchroom", "team": "Acme", "url": "https://acme.slack.com/"}

    def users_lookupByEmail(self, said: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        return ("", {"user": {"id": "U0KIM00"}}) if said["email"] == "kim@example.org" else ("users_not_found", {})

    def conversations_open(self, said: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        return "", {"channel": {"id": f"D{said['users']}"}}

    def _content(self, said: dict[str, Any]) -> dict[str, Any]:
        assert said["text"] and len(said["blocks"]) <= 50
        for block in said["blocks"]:
            parsed = Block.parse(block)
            assert parsed is not None
            parsed.validate_json()
        return said

    def chat_postMessage(self, said: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        if said["channel"] == "#nowhere":
            return "channel_not_found", {}
        place = "C0ALERTS" if said["channel"].startswith("#") else said["channel"]
        ts = f"1700000000.{next(self._numbers):06}"
        self.messages[place, ts] = self._content(said)
        return "", {"channel": place, "ts": ts}

    def chat_update(self, said: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        if (said["channel"], said["ts"]) not in self.messages:
            return "message_not_found", {}
        self.messages[said["channel"], said["ts"]] = self._content(said)
        return "", {"channel": said["channel"], "ts": said["ts"]}

    def conversations_replies(self, said: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        found = self.written.get((said["channel"], said["ts"]))
        return ("", {"messages": [found], "has_more": False}) if found else ("thread_not_found", {})

    def chat_getPermalink(self, said: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        number = said["message_ts"].replace(".", "")
        return "", {"permalink": f"https://acme.slack.com/archives/{said['channel']}/p{number}"}

    def users_info(self, said: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        name = {"U0KIM00": "Kim Lee", "U0EVE00": "Eve Moss"}[said["user"]]
        return "", {"user": {"id": said["user"], "name": name.lower(), "real_name": name}}

    def chat_postEphemeral(self, said: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        assert said["text"]
        self.whispers.append((said["channel"], said["user"], said["text"]))
        return "", {"message_ts": "1.1"}

    def write(self, user: str, room: str, text: str, ts: str = "1772442000.000100") -> str:
        """Somebody writes a message. The clock of the tests begins at that second."""
        self.written[room, ts] = {"type": "message", "user": user, "text": text, "ts": ts, "team": "T1"}
        return ts

    def conversations_create(self, said: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        if not re.fullmatch(r"[a-z0-9_-]{1,80}", said["name"]):
            return "invalid_name_specials", {}
        room = f"C0ROOM{next(self._numbers)}"
        self.rooms[room] = {"name": said["name"], "private": said["is_private"], "members": [], "archived": False}
        return "", {"channel": {"id": room, "name": said["name"]}}

    def conversations_invite(self, said: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        members = self.rooms[said["channel"]]["members"]
        if said["users"] in members:
            return "already_in_channel", {}
        members.append(said["users"])
        return "", {"channel": {}}

    def conversations_setTopic(self, said: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        assert len(said["topic"]) <= 250
        self.rooms[said["channel"]]["topic"] = said["topic"]
        return "", {}

    def conversations_archive(self, said: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        if self.rooms[said["channel"]]["archived"]:
            return "already_archived", {}
        self.rooms[said["channel"]]["archived"] = True
        return "", {}


class Mattermost(Chat):
    """https://developers.mattermost.com/api-documentation/. Users: kim; a team acme with town-square."""

    BOT, KIM, TEAM, SQUARE = "b" * 26, "k" * 26, "t" * 26, "s" * 26

    def answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return Answer(401, {"id": "api.context.session_expired.app_error", "status_code": 401})
        path, method = request.path.removeprefix("/api/v4"), request.method
        body: Any = request.json() if request.body else None
        match method, *path.strip("/").split("/"):
            case "GET", "users", "me":
                return Answer(200, {"id": self.BOT, "username": "watchroom"})
            case "GET", "users", "username" | "email", name:
                known = {"kim": self.KIM, "kim@example.org": self.KIM}
                return Answer(200, {"id": known[name]}) if name in known else Answer(404, {"message": "not found"})
            case "GET", "teams", "name", "acme":
                return Answer(200, {"id": self.TEAM})
            case "GET", "teams", "name", "acme", "channels", "name", "town-square":
                return Answer(200, {"id": self.SQUARE})
            case "POST", "channels", "direct":
                assert isinstance(body, list) and body[0] == self.BOT
                return Answer(201, {"id": ("d" + body[1])[:26]})
            case "POST", "posts" if "props" not in body:
                number = f"{next(self._numbers):026}"
                self.whispers.append((body["channel_id"], body["channel_id"][1:], body["message"]))
                return Answer(201, {"id": number, "channel_id": body["channel_id"]})
            case "GET", "posts", number:
                found = next((post for post in self.written.values() if post["id"] == number), None)
                return Answer(200, found) if found else Answer(404, {"message": "not found"})
            case "GET", "users", number:
                return Answer(200, {"id": number, "username": number[:3], "first_name": "Kim", "last_name": "Lee"})
            case "GET", "channels", room, posts if posts.startswith("posts?since="):
                since = int(posts.partition("=")[2])
                changed = {
                    post["id"]: post
                    for (place, _), post in self.written.items()
                    if place == room and post["update_at"] > since
                }
                return Answer(200, {"order": list(changed), "posts": changed})
            case "POST", "posts":
                self._check(body)
                number = f"{next(self._numbers):026}"
                self.messages[body["channel_id"], number] = body
                return Answer(201, {"id": number, "channel_id": body["channel_id"]})
            case "PUT", "posts", number, "patch":
                self._check(body)
                place = next(place for place, each in self.messages if each == number)
                self.messages[place, number] = body
                return Answer(200, {"id": number})
            case "POST", "channels":
                assert body["type"] in {"O", "P"} and re.fullmatch(r"[a-z0-9_-]{1,64}", body["name"])
                room = f"{next(self._numbers):026}"
                self.rooms[room] = {**body, "members": [], "archived": False}
                return Answer(201, {"id": room, "name": body["name"]})
            case "POST", "channels", room, "members":
                self.rooms[room]["members"].append(body["user_id"])
                return Answer(201, {})
            case "PUT", "channels", room, "patch":
                self.rooms[room] |= body
                return Answer(200, {"id": room})
            case "DELETE", "channels", room:
                self.rooms[room]["archived"] = True
                return Answer(200, {"status": "OK"})
        return Answer(404, {"message": "Sorry, we could not find the page.", "status_code": 404})

    def write(self, user: str, room: str, text: str, number: str = "p" * 26) -> str:
        at = 1772442000000 + next(self._numbers)
        self.written[room, number] = {
            "id": number, "channel_id": room, "user_id": user, "message": text, "create_at": at, "update_at": at,
            "delete_at": 0, "is_pinned": False, "metadata": {},
        }  # fmt: skip
        return number

    def change(self, room: str, number: str, **fields: Any) -> None:
        """What a pin or a reaction does to a post: it also moves its ``update_at``."""
        post = self.written[room, number]
        post.update(fields, update_at=1772442000000 + next(self._numbers))

    def _check(self, body: dict[str, Any]) -> None:
        actions = [each for attachment in body["props"]["attachments"] for each in attachment["actions"]]
        assert len({each["id"] for each in actions}) == len(actions), (
            "an action is looked up by its id in the whole post"
        )
        for attachment in body["props"]["attachments"]:
            for action in attachment["actions"]:
                assert re.fullmatch(r"[A-Za-z0-9]+", action["id"]), "the id of an action has letters and digits only"
                assert action["integration"]["url"].startswith("http")


class Matrix(Chat):
    """https://spec.matrix.org/latest/client-server-api/. The account is @watchroom:example.org. ``say`` and ``react``
    put into the rooms what others do."""

    ME = "@watchroom:example.org"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.account_data: dict[str, Any] = {}
        self.sent: dict[str, str] = {}  # transaction → event
        self.timeline: list[tuple[str, dict[str, Any]]] = []
        self.left: set[str] = set()

    def answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return Answer(401, {"errcode": "M_UNKNOWN_TOKEN", "error": "Unknown token"})
        path = urlsplit(request.path)
        parts = [unquote(each) for each in path.path.removeprefix("/_matrix/client/v3/").split("/")]
        body: Any = request.json() if request.body else {}
        match request.method, *parts:
            case "GET", "account", "whoami":
                return Answer(200, {"user_id": self.ME})
            case "GET", "user", self.ME, "account_data", "m.direct":
                return Answer(200, self.account_data) if self.account_data else Answer(404, {"errcode": "M_NOT_FOUND"})
            case "PUT", "user", self.ME, "account_data", "m.direct":
                self.account_data = body
                return Answer(200, {})
            case "POST", "createRoom":
                room = f"!room{next(self._numbers)}:example.org"
                self.rooms[room] = {
                    **body,
                    "members": list(body.get("invite", [])),
                    "levels": {"users": {self.ME: 100}},
                }
                return Answer(200, {"room_id": room})
            case "GET", "rooms", room, "state", "m.room.member", user:
                if user not in self.rooms[room]["members"] or user in self.left:
                    return Answer(404, {"errcode": "M_NOT_FOUND"})
                return Answer(200, {"membership": "join"})
            case "GET", "directory", "room", "#alerts:example.org":
                return Answer(200, {"room_id": "!alerts:example.org", "servers": ["example.org"]})
            case "POST", "join", room:
                self.rooms.setdefault("!alerts:example.org", {"members": []})
                return Answer(200, {"room_id": "!alerts:example.org"})
            case "GET", "rooms", room, "event", number:
                found = next(
                    (each for place, each in self.timeline if (place, each["event_id"]) == (room, number)), None
                )
                return Answer(200, found) if found else Answer(404, {"errcode": "M_NOT_FOUND"})
            case "GET", "profile", user:
                return Answer(200, {"displayname": "Kim Lee"})
            case "PUT", "rooms", room, "send", kind, transaction:
                if room not in self.rooms:
                    return Answer(403, {"errcode": "M_FORBIDDEN", "error": "User not in room"})
                if transaction not in self.sent:
                    self.sent[transaction] = event = f"$event{next(self._numbers)}"
                    relation = body.get("m.relates_to", {})
                    if relation.get("rel_type") == "m.replace":
                        self.messages[room, relation["event_id"]] = body["m.new_content"]
                    elif kind == "m.room.message" and body["msgtype"] == "m.text":
                        self.messages[room, event] = body
                    elif kind == "m.room.message":
                        self.whispers.append((room, "", body["body"]))
                    self.timeline.append((room, {"type": kind, "sender": self.ME, "event_id": event, "content": body}))
                return Answer(200, {"event_id": self.sent[transaction]})
            case "GET", "sync":
                query = parse_qs(path.query)
                json.loads(query["filter"][0])
                since = int(query["since"][0].removeprefix("s")) if "since" in query else 0
                joined: dict[str, Any] = {}
                for room, happened in self.timeline[since:]:
                    joined.setdefault(room, {"timeline": {"events": []}})["timeline"]["events"].append(happened)
                return Answer(200, {"next_batch": f"s{len(self.timeline)}", "rooms": {"join": joined}})
            case "POST", "rooms", room, "invite":
                self.rooms[room]["members"].append(body["user_id"])
                return Answer(200, {})
            case "PUT", "rooms", room, "state", "m.room.topic":
                self.rooms[room]["topic"] = body["topic"]
                return Answer(200, {"event_id": "$topic"})
            case "GET", "rooms", room, "state", "m.room.power_levels":
                return Answer(200, self.rooms[room]["levels"])
            case "PUT", "rooms", room, "state", "m.room.power_levels":
                self.rooms[room]["levels"] = body
                return Answer(200, {"event_id": "$levels"})
        return Answer(404, {"errcode": "M_UNRECOGNIZED"})

    def react(self, user: str, room: str, event: str, key: str) -> str:
        relation = {"rel_type": "m.annotation", "event_id": event, "key": key}
        return self._happen(user, room, "m.reaction", {"m.relates_to": relation})

    def pin(self, user: str, room: str, *events: str) -> None:
        """These are pinned now."""
        self._happen(user, room, "m.room.pinned_events", {"pinned": list(events)})

    def take_back(self, user: str, room: str, event: str) -> None:
        self._happen(user, room, "m.room.redaction", {"redacts": event})

    def say(self, user: str, room: str, text: str, answering: str = "") -> str:
        content: dict[str, Any] = {"msgtype": "m.text", "body": text}
        if answering:
            content["m.relates_to"] = {"m.in_reply_to": {"event_id": answering}}
        return self._happen(user, room, "m.room.message", content)

    def _happen(self, user: str, room: str, kind: str, content: dict[str, Any]) -> str:
        event = f"$theirs{next(self._numbers)}"
        happened = {"type": kind, "sender": user, "event_id": event, "content": content}
        self.timeline.append((room, {**happened, "origin_server_ts": 1772442000000}))
        return event


class Telegram(Chat):
    """https://core.telegram.org/bots/api. The token stands in the path."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.webhook: dict[str, Any] = {}

    def answer(self, request: Request) -> Answer:
        _, token, method = request.path.split("/")
        body = request.json()
        if token != f"bot{self.token}":
            return Answer(401, {"ok": False, "error_code": 401, "description": "Unauthorized"})
        if method == "getMe":
            return Answer(200, {"ok": True, "result": {"id": 99, "is_bot": True, "username": "acme_watchroom_bot"}})
        if method == "setWebhook":
            assert body["url"].startswith("https://") and re.fullmatch(r"[A-Za-z0-9_-]{1,256}", body["secret_token"])
            self.webhook = body
            return Answer(200, {"ok": True, "result": True})
        if body["chat_id"] == 404:
            return Answer(400, {"ok": False, "error_code": 400, "description": "Bad Request: chat not found"})
        read = unescape(re.sub("<[^>]*>", "", body["text"]))  # the limit is said to hold "after entities parsing"
        assert 0 < len(read) <= 4096 and body["parse_mode"] == "HTML"
        for row in body["reply_markup"]["inline_keyboard"]:
            for button in row:
                assert button["text"] and 1 <= len(button["callback_data"].encode()) <= 64
        place = str(body["chat_id"])
        number = str(body["message_id"]) if method == "editMessageText" else str(next(self._numbers))
        if method == "editMessageText" and self.messages[place, number]["text"] == body["text"]:
            return Answer(400, {"ok": False, "error_code": 400, "description": "Bad Request: message is not modified"})
        self.messages[place, number] = body
        return Answer(200, {"ok": True, "result": {"message_id": int(number), "chat": {"id": body["chat_id"]}}})
