"""Mattermost's REST API, version 4: direct channels, posts with interactive buttons, and rooms.

https://developers.mattermost.com/api-documentation/ and
https://developers.mattermost.com/integrate/plugins/interactive-messages/ (the ``context`` of a button stays on the
server and comes back when it is pressed; the id of an action may hold letters and digits only)
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from ...workspaces.base import PIN, Access, Button, Card, Marked, Posted, Room, Statement
from ..base import DeliveryFailed
from ..chat import SIGNS, Json
from ..wording import one_line

EMOJI = "pushpin"  # the reaction that takes a message into the log, where none is set
ID = re.compile(r"[a-z0-9]{26}")
_COLORS = {"alarm": "#d24b4e", "warning": "#e0a243", "done": "#3db887"}
_STYLES = {"primary": "primary", "danger": "danger", "": "default"}


def seal(key: str, about: str) -> str:
    """What a button of ours carries to show that we made it."""
    return hmac.new(key.encode(), f"mattermost:{about}".encode(), hashlib.sha256).hexdigest()


class Mattermost:
    """One server, through the access token of a bot."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self.api = Json(f"{access.settings['url']}/api/v4", {"Authorization": f"Bearer {access.settings['token']}"})

    def _me(self) -> str:
        return self.access.account or str(self.api.call("GET", "/users/me")["id"])

    def try_it(self) -> tuple[str, str]:
        me = self.api.call("GET", "/users/me")
        if team := self.access.settings.get("team"):
            self._team(str(team))
        return str(me["id"]), f"Mattermost knows us as @{one_line(str(me.get('username', '?')), 60)}."

    def _team(self, name: str) -> str:
        return str(self.api.call("GET", f"/teams/name/{quote(name, safe='')}")["id"])

    def user(self, text: str) -> str:
        if ID.fullmatch(text):
            return text
        kind = "email" if "@" in text.lstrip("@") else "username"
        found = self.api.call("GET", f"/users/{kind}/{quote(text if kind == 'email' else text.lstrip('@'), safe='@')}")
        return str(found["id"])

    def direct(self, user: str) -> str:
        return str(self.api.call("POST", "/channels/direct", [self._me(), user])["id"])

    def _room(self, room: str) -> str:
        """A room's id, of ``town-square`` or ``~town-square``."""
        if ID.fullmatch(room):
            return room
        team = self.access.settings.get("team")
        if not team:
            raise DeliveryFailed(
                "A room's name needs a team.", permanent=True, fix="Set the workspace's team, or use the room's id."
            )
        name = quote(room.lstrip("~#"), safe="")
        return str(self.api.call("GET", f"/teams/name/{quote(str(team), safe='')}/channels/name/{name}")["id"])

    def post(self, place: str, card: Card, *, key: str) -> Posted:
        """``pending_post_id`` lets the server drop a retry that follows soon."""
        room = self._room(place)
        pending = f"{self._me()}:{hashlib.sha256(key.encode()).hexdigest()[:26]}"
        said = self.api.call("POST", "/posts", {"channel_id": room, "pending_post_id": pending, **self._drawn(card)})
        return Posted(str(said["channel_id"]), str(said["id"]))

    def update(self, posted: Posted, card: Card) -> None:
        self.api.call("PUT", f"/posts/{posted.message}/patch", self._drawn(card))

    def _drawn(self, card: Card) -> dict[str, Any]:
        attachment: dict[str, Any] = {
            "fallback": one_line(card.state or card.text or card.title),
            "color": _COLORS.get(card.tone, "#5d89ea"),
            **({"title": "Open in Watchroom", "title_link": card.url} if card.url else {}),
            "text": _text(card.text, card.state),
            "actions": self._actions(card.buttons, card.about),
        }
        # An id is looked up among all buttons of a post, so those of a part name it.
        parts = [
            {
                "fallback": one_line(f"{part.title}: {part.state or part.text}"),
                "color": _COLORS.get(part.tone, "#5d89ea"),
                "title": f"{SIGNS.get(part.tone, '')} {one_line(part.title, 250)}",
                "text": _text(part.text, part.state),
                "actions": self._actions(part.buttons, part.about, named=part.about),
            }
            for part in card.parts
        ]
        # The phone's app shows only this of a post: https://github.com/mattermost/mattermost-mobile/issues/4816
        # An @ of an alert's must not call a whole room.
        message = f"{SIGNS.get(card.tone, '')} {one_line(card.title, 250)}".replace("@", "@\u200b")
        return {"message": message, "props": {"attachments": [attachment, *parts]}}

    def _actions(self, buttons: Sequence[Button], about: str, named: str = "") -> list[dict[str, Any]]:
        context = {"about": about, "seal": seal(self.access.hook_key, about)}
        return [
            {
                "id": f"{button.key}{named}",
                "name": button.label,
                "type": "button",
                "style": _STYLES.get(button.style, "default"),
                "integration": {"url": self.access.hook_url, "context": {"press": button.key, **context}},
            }
            for button in buttons
        ]

    # Rooms

    def create_room(self, name: str, *, topic: str = "", private: bool = False) -> Room:
        team = str(self.access.settings.get("team") or "")
        if not team:
            raise DeliveryFailed("A room needs a team.", permanent=True, fix="Set the workspace's team.")
        short = re.sub(r"[^a-z0-9_-]+", "-", name.lower()).strip("-_")[:60] or "room"
        body = {"team_id": self._team(team), "name": short, "display_name": name[:64], "type": "P" if private else "O"}
        made = self.api.call("POST", "/channels", {**body, "header": topic[:1024]})
        url = f"{self.access.settings['url']}/{team}/channels/{made['name']}"
        return Room(str(made["id"]), str(made["name"]), url)

    def invite(self, room: str, users: Sequence[str]) -> None:
        """They are made members, of the team too where they are not yet."""
        for user in users:
            self.api.call("POST", f"/channels/{room}/members", {"user_id": user})

    def set_topic(self, room: str, topic: str) -> None:
        self.api.call("PUT", f"/channels/{room}/patch", {"header": topic[:1024]})

    def archive(self, room: str) -> None:
        self.api.call("DELETE", f"/channels/{room}")

    # What people wrote there

    def statement(self, room: str, message: str) -> Statement:
        post = self.api.call("GET", f"/posts/{quote(message, safe='')}")
        if str(post.get("channel_id")) != room:
            raise DeliveryFailed("That message stands elsewhere.", permanent=True)
        user = str(post["user_id"])
        who = self.api.call("GET", f"/users/{quote(user, safe='')}")
        full = f"{who.get('first_name') or ''} {who.get('last_name') or ''}".strip()
        files = ", ".join(
            one_line(str(each.get("name", "file")), 100) for each in (post.get("metadata") or {}).get("files") or []
        )
        return Statement(
            author=user,
            name=one_line(full or str(who.get("username") or user), 100),
            text=str(post.get("message") or "").strip() or files,
            at=datetime.fromtimestamp(int(post["create_at"]) / 1000, UTC),
            url=f"{self.access.settings['url']}/_redirect/pl/{message}",
        )

    def whisper(self, room: str, user: str, text: str, *, key: str) -> None:
        """In the direct channel: a bot may not post what only one of a room sees, unless it is an administrator."""
        pending = f"{self._me()}:{hashlib.sha256(key.encode()).hexdigest()[:26]}"
        self.api.call("POST", "/posts", {"channel_id": self.direct(user), "pending_post_id": pending, "message": text})

    def marks(self, room: str, since: int) -> tuple[list[Marked], int]:
        """Posts that were changed after ``since`` (milliseconds of their ``update_at``; a pin and a reaction move it), each
        with all its marks. Who has pinned one is not told."""
        said = self.api.call("GET", f"/channels/{quote(room, safe='')}/posts?since={since}", limit_bytes=_MARKS_LIMIT)
        emoji, found = str(self.access.settings.get("emoji") or EMOJI), []
        for number, post in (said.get("posts") or {}).items():
            since = max(since, int(post.get("update_at") or 0))
            marks = {PIN: ""} if post.get("is_pinned") else {}
            for each in (post.get("metadata") or {}).get("reactions") or []:
                if each.get("emoji_name") == emoji:
                    marks[f"reaction:{each['user_id']}"] = str(each["user_id"])
            gone = post.get("delete_at") or post.get("user_id") == self.access.account
            found.append(Marked(str(number), {} if gone else marks))
        return found, since


def _text(text: str, state: str) -> str:
    return "\n\n".join(part for part in (text[:4000], f"**{state}**" if state else "") if part)


_MARKS_LIMIT = 8 * 1024 * 1024
