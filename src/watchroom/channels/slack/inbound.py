"""What Slack sends: buttons that were pressed, the slash command, and events, signed.

https://docs.slack.dev/authentication/verifying-requests-from-slack
https://docs.slack.dev/interactivity/handling-user-interaction (payload in a form field, an answer within 3 s)
https://docs.slack.dev/interactivity/implementing-slash-commands
https://docs.slack.dev/apis/events-api/ (JSON; ``url_verification`` wants its challenge back; an answer within 3 s, or it
is sent again) with https://docs.slack.dev/reference/events/pin_added, pin_removed, reaction_added and reaction_removed
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

import msgspec

from ...kernel.errors import NotAllowed, Refused
from ...kernel.numbers import whole
from ...workspaces.base import PIN, Heard, Posted

WINDOW_SECONDS = 300
EMOJI = "pushpin"  # the reaction that takes a message into the log, where none is set


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """What ``X-Slack-Signature`` must be."""
    base = b"v0:" + timestamp.encode() + b":" + body
    return f"v0={hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()}"


def check(secret: str, headers: Mapping[str, str], body: bytes, at: datetime) -> None:
    """:raises NotAllowed: not signed with the app's secret, or longer than five minutes ago."""
    stamp, stated = headers.get("x-slack-request-timestamp", ""), headers.get("x-slack-signature", "")
    seconds = whole(stamp)
    fresh = seconds is not None and abs(at.timestamp() - seconds) <= WINDOW_SECONDS
    right = hmac.compare_digest(signature(secret, stamp, body).encode(), stated.encode())
    if not (secret and fresh and right):
        raise NotAllowed(
            "This is not signed by Slack for this workspace.",
            fix="Check the app's signing secret, and that this server's clock is right.",
        )


def read(body: bytes, emoji: str = EMOJI) -> list[Heard]:
    """What was pressed, written, pinned or given the reaction ``emoji``. The body has been checked."""
    try:
        if body.lstrip().startswith(b"{"):
            return _event(msgspec.json.decode(body), emoji)
        form = parse_qs(body.decode(), keep_blank_values=True)
        if "payload" in form:
            return _pressed(msgspec.json.decode(form["payload"][0]))
        if "command" in form:
            return [
                Heard(
                    "text",
                    user=form["user_id"][0],
                    text=form.get("text", [""])[0],
                    message=Posted(form.get("channel_id", [""])[0], form.get("trigger_id", [""])[0]),
                    reply=form.get("response_url", [""])[0],
                )
            ]
    except (UnicodeDecodeError, msgspec.DecodeError, KeyError, IndexError, TypeError, AttributeError):
        raise Refused(
            "This is not what Slack sends.", field="payload", fix="Point interactivity, events and /watchroom here."
        ) from None
    return []


def _event(said: dict[str, Any], emoji: str) -> list[Heard]:
    if said.get("type") == "url_verification":
        return [Heard("challenge", text=str(said["challenge"]))]
    event = said.get("event") or {}
    kind, item, user = str(event.get("type", "")), event.get("item") or {}, str(event.get("user", ""))
    if item.get("type") != "message":
        return []
    does = "mark" if kind.endswith("_added") else "unmark"
    if kind in ("pin_added", "pin_removed"):
        place = str(event.get("channel_id") or item.get("channel", ""))
        return [Heard(does, user, PIN, message=Posted(place, str(item["message"]["ts"])))]
    # A reaction has the tone of a skin behind its name: thumbsup::skin-tone-2
    if kind in ("reaction_added", "reaction_removed") and str(event["reaction"]).partition("::")[0] == emoji:
        return [Heard(does, user, f"reaction:{user}", message=Posted(str(item["channel"]), str(item["ts"])))]
    return []


def _pressed(said: dict[str, object]) -> list[Heard]:
    if said.get("type") != "block_actions":
        return []
    user, actions = said["user"], said["actions"]
    box = said.get("container") or {}
    assert isinstance(user, dict) and isinstance(actions, list) and isinstance(box, dict)
    return [
        Heard(
            "button",
            user=str(user["id"]),
            key=str(each["action_id"]),
            about=str(each.get("value", "")),
            message=Posted(str(box.get("channel_id", "")), str(box.get("message_ts", ""))),
            reply=str(said.get("response_url", "")),
        )
        for each in actions
    ]
