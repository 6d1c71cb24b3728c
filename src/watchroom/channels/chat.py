"""What the channels of connected chats share: the contact method, the card, and speaking JSON with their servers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import msgspec

from ..kernel import http
from ..kernel.errors import Refused
from ..workspaces.base import EMOJI, Button, Card, Part
from ..workspaces.base import Field as Asked
from ..workspaces.hooks import open_parts_of
from ..workspaces.models import Workspace
from ..workspaces.posts import keep
from ..workspaces.queries import client_of, named
from . import answers
from .base import Delivery, DeliveryFailed, Field, Message
from .wording import one_line, title

SNOOZE_MINUTES = 60
MOST_PARTS = 5
ACKNOWLEDGE = Button("ack", "Acknowledge", "primary")
RESOLVE = Button("resolve", "Resolve")
ESCALATE = Button("escalate", "Escalate")
SNOOZE = Button("snooze", "Snooze 1 h")
SIGNS = {"alarm": "🔴", "warning": "🟠", "taken": "🟡", "done": "✅", "info": "ℹ️"}


def buttons_for(kind: str, purpose: str = "page", *, taken: bool = False) -> tuple[Button, ...]:
    """What can be done about it from a chat. ``kind``: what is escalated (alert_group, role, direct; empty: nothing).
    ``taken``: somebody has it already."""
    if purpose == "test":
        return () if taken else (Button("ack", "I got it", "primary"),)
    if purpose not in ("page", "role"):
        return ()
    if kind == "alert_group":
        return (RESOLVE, ESCALATE, SNOOZE) if taken else (ACKNOWLEDGE, ESCALATE, SNOOZE, RESOLVE)
    if taken or not kind:
        return ()
    return (Button("ack", "Accept the role" if kind == "role" else "I have it", "primary"),)


def card_of(message: Message) -> Card:
    """A message to a person, as a card."""
    if message.purpose in ("page", "role"):
        tone = "alarm" if message.urgent else "warning"
    else:
        tone = "done" if message.purpose == "resolved" else "info"
    number = message.facts.get("notification")
    return Card(
        title=title(message),
        text=message.body.strip(),
        tone=tone,
        url=message.url,
        links=tuple((link.label, link.url) for link in message.actions),
        buttons=buttons_for(str(message.facts.get("kind", "")), message.purpose) if number else (),
        about=f"n{number}" if number else "",
    )


def plain_card(
    title: str, body: str, url: str, *, urgent: bool, drill: bool, about: str, buttons: tuple[Button, ...] = ()
) -> Card:
    """What is said while nobody has answered. A drill says so first."""
    marked = f"[Drill] {title}" if drill and not title.lower().startswith("[drill]") else title
    return Card(
        title=one_line(marked),
        text=body.strip(),
        tone="alarm" if urgent else "warning",
        url=url,
        about=about,
        buttons=buttons,
    )


def with_parts(card: Card, parts: Sequence[Part]) -> Card:
    """``card`` with what is decided by itself within it: at most :data:`MOST_PARTS`, what waits before what is decided, the newest
    first, in their order. Its text may name what is proposed, for those whose way has no buttons: of what stands below it
    with them, that is left out, and what waits and has no place below it is named."""
    if not parts:
        return card
    ranked = sorted(range(len(parts)), key=lambda at: (not parts[at].buttons, -at))
    shown = [parts[at] for at in sorted(ranked[:MOST_PARTS])]
    named = tuple(_begins(part) for part in shown)
    kept = [line for line in card.text.splitlines() if not line.startswith(named)]
    for part in parts:
        if part.buttons and part not in shown and not any(line.startswith(_begins(part)) for line in kept):
            kept.append(f"{_begins(part)}Open Watchroom to decide it.")
    return replace(card, text="\n".join(kept).strip(), parts=tuple(shown))


def _begins(part: Part) -> str:
    """How a line of text begins that names it."""
    return f"{part.title.removeprefix('[Drill] ')}. "


class ChatChannel:
    """Direct messages in a connected workspace. ``settings``: the workspace's number, and the person's id there."""

    summary = "Choose this to be reached by a direct message with buttons."

    def __init__(self, name: str, label: str, user_label: str, user_help: str) -> None:
        self.name, self.label = name, label
        self.fields = (
            Field("user", user_label, user_help),
            Field(
                "workspace",
                "Workspace",
                f"Its short name. Leave empty where only one {label} is connected.",
                required=False,
            ),
        )

    def missing(self) -> str:
        there = Workspace.objects.filter(kind=self.name).exists()
        return "" if there else f"{self.label} is not connected yet: an administrator does that under Set-up, Chats."

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        """Asks the product for the person where an address or a name was given.

        :raises Refused: no such workspace or person.
        """
        workspace = self._workspace(settings.get("workspace"))
        given = settings.get("user")
        given = given.strip() if isinstance(given, str) else ""
        if not given or not given.isprintable() or len(given) > 250:
            raise Refused(
                f"It is not said who you are in {self.label}.",
                field="user",
                value=given[:100] if given.isprintable() else "",
                fix=self.fields[0].help,
            )
        try:
            user = client_of(workspace).user(given)
        except DeliveryFailed as error:
            raise Refused(
                f"{self.label} does not know this person: {error.message}",
                field="user",
                value=given,
                fix=error.fix or self.fields[0].help,
            ) from None
        shown = settings.get("shown") if user == given else given
        return {
            "workspace": workspace.pk,
            "user": user,
            "shown": one_line(shown, 100) if isinstance(shown, str) and shown else user,
        }

    def _workspace(self, given: object) -> Workspace:
        if isinstance(given, int) and not isinstance(given, bool) and given:
            found = Workspace.objects.filter(pk=given, kind=self.name).first()
            if found is not None:
                return found
        text = given.strip() if isinstance(given, str) else ""
        if not text.isprintable() or len(text) > 64:
            raise Refused(
                "That is no workspace's short name.",
                field="workspace",
                value=text[:64] if text.isprintable() else "",
                fix="Leave it empty, or see the page Chat workspaces.",
            )
        return named(self.name, text)

    def describe(self, settings: dict[str, Any]) -> str:
        return one_line(str(settings.get("shown") or settings.get("user") or ""), 150)

    def handle(self, settings: dict[str, Any]) -> str:
        """By what an answer from there is known to come from this person."""
        return handle_of(self.name, int(settings["workspace"]), str(settings["user"]))

    def send(self, settings: dict[str, Any], message: Message) -> Delivery:
        """Post it, and remember where it stands.

        :raises DeliveryFailed: see the product's client.
        """
        workspace = Workspace.objects.filter(pk=settings["workspace"], kind=self.name).first()
        if workspace is None:
            raise DeliveryFailed(
                "The workspace is no longer connected.", permanent=True, fix="Add this way to be reached anew."
            )
        client, card = client_of(workspace), card_of(message)
        if message.purpose == "page" and message.facts.get("kind"):
            card = with_parts(card, open_parts_of(message.facts.get("escalation")))
        posted = client.post(client.direct(str(settings["user"])), card, key=message.key)
        kind = str(message.facts.get("kind", ""))
        keep(
            workspace,
            posted,
            card,
            kind=kind or "notification",
            subject_id=message.facts.get("subject") if kind else message.facts.get("notification"),
        )
        return Delivery(provider_id=one_line(f"{posted.place}/{posted.message}"))


def emoji_field(example: str) -> Asked:
    """How it is asked with which reaction a message is taken into the log."""
    return Asked(
        EMOJI,
        "Reaction for the log",
        f"A message in an incident's channel is taken into its log when it is pinned, or given this reaction. "
        f"Empty: {example}.",
    )


def emoji_of(settings: Mapping[str, Any], pattern: Any, fix: str) -> dict[str, str]:
    """The reaction, cleaned, as a setting; nothing where none is set. Raises ``Refused`` naming it."""
    given = settings.get(EMOJI)
    bare = given.strip().strip(":") if isinstance(given, str) else ""
    return {EMOJI: setting({EMOJI: bare}, EMOJI, pattern=pattern, fix=fix)} if bare else {}


NAMED_EMOJI = re.compile(r"[a-z0-9_+-]{1,64}")


def handle_of(kind: str, workspace: int, user: str) -> str:
    """The one form of "this user of this workspace"."""
    return f"{kind}:{workspace}:{user}"[:200]


def told(shown: str, *, permanent: bool, fix: str = "") -> DeliveryFailed:
    """A failure in the product's own words."""
    return DeliveryFailed(shown, permanent=permanent, fix=fix)


class Json:
    """A server that takes and gives JSON."""

    def __init__(self, base: str, headers: Mapping[str, str]) -> None:
        self.base, self.headers = base.rstrip("/"), dict(headers)

    def call(self, method: str, path: str, body: object = None, **options: Any) -> Any:
        """What it answers. ``options`` are those of :meth:`ask`."""
        return self.ask(method, path, body, **options)[0]

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        form: Mapping[str, str] | None = None,
        timeout_seconds: float = http.TIMEOUT_SECONDS,
        limit_bytes: int = 1024 * 1024,
    ) -> tuple[Any, Mapping[str, str]]:
        """What it answers, with the headers of the answer. Raises :class:`DeliveryFailed`; see :func:`.answers.ask`."""
        headers, content = dict(self.headers), b""
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            content = urlencode(form).encode()
        elif body is not None:
            headers["Content-Type"] = "application/json; charset=utf-8"
            content = msgspec.json.encode(body)
        answer = answers.ask(
            method,
            f"{self.base}{path}",
            headers=headers,
            content=content,
            timeout_seconds=timeout_seconds,
            limit_bytes=limit_bytes,
        )
        if not answer.body.strip():
            return {}, answer.headers
        try:
            return msgspec.json.decode(answer.body), answer.headers
        except msgspec.DecodeError:
            raise DeliveryFailed(f"{http.origin(self.base)} did not answer with JSON.") from None


def setting(
    given: Mapping[str, Any], name: str, *, pattern: Any, fix: str, secret: bool = False, required: bool = True
) -> str:
    """One setting as text that matches ``pattern``. Raises ``Refused`` naming it."""
    value = given.get(name)
    text = value.strip() if isinstance(value, str) else ""
    if not text and not required:
        return ""
    if not pattern.fullmatch(text):
        raise Refused(
            "This is missing." if not text else "That is not accepted.",
            field=name,
            value="(secret)" if secret else text[:100],
            fix=fix,
        )
    return text
