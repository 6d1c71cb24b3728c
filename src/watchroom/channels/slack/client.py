"""Slack's Web API: messages with blocks, people, and rooms.

https://docs.slack.dev/apis/web-api/ (a method answers 200 with ``ok`` and ``error``; 429 with Retry-After)
https://docs.slack.dev/reference/block-kit/blocks
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ...workspaces.base import Access, Button, Card, Posted, Room, Statement
from ..base import DeliveryFailed
from ..chat import SIGNS, Json
from ..wording import one_line

BASE = "https://slack.com/api"
USER = re.compile(r"[UW][A-Z0-9]{5,20}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
# https://docs.slack.dev/reference/methods/chat.postMessage#errors: what may go well the next time
_PASSING = {
    "fatal_error",
    "internal_error",
    "message_limit_exceeded",
    "rate_limited",
    "ratelimited",
    "request_timeout",
    "service_unavailable",
    "team_added_to_org",
}
_FIXES = {
    "invalid_auth": "Paste the app's bot token again.",
    "not_authed": "Paste the app's bot token again.",
    "token_revoked": "Install the app anew and paste its bot token.",
    "account_inactive": "Install the app anew and paste its bot token.",
    "missing_scope": "Give the app the scopes of docs/chat.md, and install it anew.",
    "channel_not_found": "Use the room's id, and invite the app to it if it is private.",
    "not_in_channel": "Invite the app to the room, or give it the scope chat:write.public.",
    "is_archived": "Choose a room that is not archived.",
    "invalid_user": "Guests and bots can't be in a user group: put somebody else on call, or take their account out.",
    "invalid_users": "Somebody of them is no member of the workspace any more: they add their account anew.",
    "failed_for_some_users": "Somebody of them is no member of the workspace any more: they add their account anew.",
    "single_channel_guests_cannot_be_added": "Guests can't be in a user group: put somebody else on call.",
    "permission_denied": "Let everybody change user groups: Workspace settings, Permissions, User Groups.",
    "plan_upgrade_required": "User groups are part of Slack's paid plans.",
    "paid_teams_only": "User groups are part of Slack's paid plans.",
    "no_such_subteam": "Use the handle or the id of a user group that is there.",
    "users_not_found": "Use the e-mail address or the member id (profile, ⋮, Copy member ID) that Slack knows.",
}


GROUP = re.compile(r"S[A-Z0-9]{5,20}")
GROUP_SCOPES = ("usergroups:read", "usergroups:write")
_ALL_GROUPS_BYTES = 16 * 1024 * 1024  # Slack gives all of them at once


class Slack:
    """One workspace, through the bot token of an app."""

    def __init__(self, access: Access) -> None:
        self.api = Json(
            str(access.settings.get("url") or BASE), {"Authorization": f"Bearer {access.settings['token']}"}
        )

    def _call(
        self, method: str, body: object = None, *, form: Mapping[str, str] | None = None, **options: Any
    ) -> dict[str, Any]:
        return self._ask(method, body, form=form, **options)[0]

    def _ask(
        self, method: str, body: object = None, *, form: Mapping[str, str] | None = None, **options: Any
    ) -> tuple[dict[str, Any], Mapping[str, str]]:
        said, headers = self.api.ask("POST", f"/{method}", body, form=form, **options)
        if not isinstance(said, dict) or not said.get("ok"):
            error = one_line(str(said.get("error", "no reason") if isinstance(said, dict) else "no reason"), 100)
            needed = one_line(str(said.get("needed") or ""), 100) if isinstance(said, dict) else ""
            fix = _FIXES.get(error, "")
            if error == "missing_scope" and needed:
                fix = f"Add {needed} to the app under OAuth & Permissions, and install it anew (docs/chat.md has all scopes)."
            raise DeliveryFailed(
                f"Slack refused {method}: {error}{f' (needed: {needed})' if needed else ''}.",
                permanent=error not in _PASSING,
                fix=fix,
            )
        return said, headers

    def try_it(self) -> tuple[str, str]:
        said, headers = self._ask("auth.test", form={})
        known = f"Slack knows us as {said.get('user', '?')} in {said.get('team', '?')}."
        return str(said.get("user_id", "")), known + _lacking(headers.get("x-oauth-scopes", ""))

    def user(self, text: str) -> str:
        if USER.fullmatch(text):
            return text
        if not _EMAIL.fullmatch(text):
            raise DeliveryFailed(
                "that is neither an e-mail address nor a member id.", permanent=True, fix=_FIXES["users_not_found"]
            )
        return str(self._call("users.lookupByEmail", form={"email": text})["user"]["id"])

    def direct(self, user: str) -> str:
        return str(self._call("conversations.open", {"users": user})["channel"]["id"])

    def post(self, place: str, card: Card, *, key: str) -> Posted:
        """Slack has no way to drop a duplicate: a retry after an unknown outcome may be seen twice."""
        said = self._call("chat.postMessage", {"channel": place, **drawn(card)})
        return Posted(str(said["channel"]), str(said["ts"]))

    def update(self, posted: Posted, card: Card) -> None:
        self._call("chat.update", {"channel": posted.place, "ts": posted.message, **drawn(card)})

    # Rooms. https://docs.slack.dev/reference/methods/conversations.create

    def create_room(self, name: str, *, topic: str = "", private: bool = False) -> Room:
        made = self._call("conversations.create", {"name": room_name(name), "is_private": private})["channel"]
        room = str(made["id"])
        if topic:
            self.set_topic(room, topic)
        return Room(room, str(made.get("name", name)), f"https://slack.com/app_redirect?channel={room}")

    def invite(self, room: str, users: Sequence[str]) -> None:
        """Whoever is in already stays so."""
        for user in users:
            try:
                self._call("conversations.invite", {"channel": room, "users": user})
            except DeliveryFailed as failed:
                if "already_in_channel" not in failed.message:
                    raise

    def set_topic(self, room: str, topic: str) -> None:
        self._call("conversations.setTopic", {"channel": room, "topic": one_line(topic)})

    def archive(self, room: str) -> None:
        """Doing it twice changes nothing."""
        try:
            self._call("conversations.archive", {"channel": room})
        except DeliveryFailed as failed:
            if "already_archived" not in failed.message:
                raise

    # User groups. Needs usergroups:read and usergroups:write (docs/chat.md).
    # https://docs.slack.dev/reference/methods/usergroups.list
    # https://docs.slack.dev/reference/methods/usergroups.users.update

    def group(self, text: str) -> str:
        said = self._call("usergroups.list", form={"include_disabled": "true"}, limit_bytes=_ALL_GROUPS_BYTES)
        for each in said.get("usergroups") or []:
            if text == each.get("id") or text.lower() == str(each.get("handle", "")).lower():
                if each.get("date_delete"):
                    raise DeliveryFailed(
                        f"The user group @{each.get('handle')} is switched off in Slack.",
                        permanent=True,
                        fix="Switch it on again in Slack (People, User groups), or name another one.",
                    )
                return str(each["id"])
        raise DeliveryFailed(
            f"Slack knows no user group {text}.",
            permanent=True,
            fix="Make it in Slack (People, User groups), with somebody in it; or correct its name.",
        )

    def set_members(self, group: str, users: Sequence[str]) -> None:
        self._call("usergroups.users.update", form={"usergroup": group, "users": ",".join(users)})

    # What people wrote there. Needs channels:history and groups:history (docs/chat.md).

    def statement(self, room: str, message: str) -> Statement:
        """https://docs.slack.dev/reference/methods/conversations.replies: a message, in a thread or not."""
        said = self._call(
            "conversations.replies", form={"channel": room, "ts": message, "inclusive": "true", "limit": "200"}
        )
        found = next((each for each in said.get("messages") or [] if str(each.get("ts")) == message), None)
        if found is None:
            raise DeliveryFailed("Slack does not find that message.", permanent=True)
        user = str(found.get("user") or "")
        link = self._call("chat.getPermalink", form={"channel": room, "message_ts": message})
        files = ", ".join(one_line(str(each.get("name", "file")), 100) for each in found.get("files") or [])
        return Statement(
            author=user,
            name=self._name(user) or one_line(str(found.get("username") or "somebody"), 100),
            text=self._plain(str(found.get("text") or "")) or files,
            at=datetime.fromtimestamp(float(message), UTC),
            url=str(link.get("permalink", "")),
        )

    def _name(self, user: str) -> str:
        if not user:
            return ""
        try:
            found = self._call("users.info", form={"user": user})["user"]
        except DeliveryFailed:
            return user
        return one_line(str(found.get("real_name") or found.get("name") or user), 100)

    def _plain(self, text: str) -> str:
        """Without Slack's own marks: https://docs.slack.dev/messaging/formatting-message-text#retrieving-messages"""
        names = {user: self._name(user) for user in list(dict.fromkeys(_MENTION.findall(text)))[:5]}
        text = _MENTION.sub(lambda match: f"@{names.get(match[1], match[1])}", text)
        text = _REFERENCE.sub(lambda match: f"{match[2]} ({match[1]})" if match[2] else match[1], text)
        text = _OTHER.sub(lambda match: match[1] or "", text)
        return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip()

    def whisper(self, room: str, user: str, text: str, *, key: str) -> None:
        self._call("chat.postEphemeral", {"channel": room, "user": user, "text": escaped(text)})


def _lacking(scopes: str) -> str:
    """What an app can't do that was installed before it was asked for. Slack says with each answer what it may do."""
    has = {each.strip() for each in scopes.split(",")}
    lacks = [each for each in GROUP_SCOPES if each not in has]
    if not scopes or not lacks:
        return ""
    return (
        f" It can't keep user groups: it lacks the scope{'s' * (len(lacks) > 1)} {' and '.join(lacks)}. Add "
        f"{'them' if len(lacks) > 1 else 'it'} to the app under OAuth & Permissions, and install it anew."
    )


# No "<" within: in a text full of them each would be looked at from each.
_MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>")
_REFERENCE = re.compile(r"<((?:https?://|mailto:)[^<|>]+)(?:\|([^<>]*))?>")
_OTHER = re.compile(r"<[#!][^<|>]*(?:\|([^<>]*))?>")


def room_name(text: str) -> str:
    """What Slack takes as a channel's name: lower case, digits, - and _, at most 80."""
    return re.sub(r"[^a-z0-9_-]+", "-", text.lower()).strip("-")[:80] or "room"


def escaped(text: str) -> str:
    """https://docs.slack.dev/messaging/formatting-message-text#escaping"""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def drawn(card: Card) -> dict[str, Any]:
    """``text`` (what a lock screen shows) and ``blocks``."""
    sign, title = SIGNS.get(card.tone, ""), one_line(card.title, 200)
    head = f"*<{card.url}|{escaped(title)}>*" if card.url else f"*{escaped(title)}*"
    blocks: list[dict[str, Any]] = [_section(f"{sign} {head}")]
    if card.text:
        blocks.append(_section(escaped(card.text[:2000])))
    if card.state:
        blocks.append(_context(card.state))
    blocks += _buttons(card.buttons, card.about)
    for part in card.parts:
        named = f"*{SIGNS.get(part.tone, '')} {escaped(one_line(part.title, 200))}*"
        blocks.append({"type": "divider"})
        blocks.append(_section(f"{named}\n{escaped(part.text[:2000])}".strip()))
        if part.state:
            blocks.append(_context(part.state))
        blocks += _buttons(part.buttons, part.about)
    return {
        "text": f"{sign} {escaped(title)}" + (f": {escaped(one_line(card.state))}" if card.state else ""),
        "blocks": blocks,
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _context(text: str) -> dict[str, Any]:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": escaped(text[:1500])}]}


def _buttons(buttons: Sequence[Button], about: str) -> list[dict[str, Any]]:
    """A row of buttons; none where there are none. An ``action_id`` is its own within its row."""
    elements: list[dict[str, Any]] = []
    for button in buttons:
        element: dict[str, Any] = {
            "type": "button",
            "action_id": button.key,
            "text": _plain(button.label, 75),
            "value": about,
        }
        if button.style:
            element["style"] = button.style
        if button.ask:
            element["confirm"] = _confirm(button)
        elements.append(element)
    return [{"type": "actions", "elements": elements}] if elements else []


def _confirm(button: Button) -> dict[str, Any]:
    """https://docs.slack.dev/reference/block-kit/composition-objects/confirmation-dialog-object"""
    asked = {
        "title": _plain(f"{button.label}?", 100),
        "text": _plain(button.ask, 300),
        "confirm": _plain(button.label, 30),
        "deny": _plain("Not now", 30),
    }
    return {**asked, **({"style": button.style} if button.style else {})}


def _plain(text: str, most: int) -> dict[str, str]:
    return {"type": "plain_text", "text": text[:most]}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:3000]}}
