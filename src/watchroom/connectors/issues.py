"""What a connector offers whose server keeps issues: they are made, read, closed and opened again there.

Every such connector asks for :data:`BY_ITSELF`, too: which action items become issues without anybody asking.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import msgspec

from ..kernel import http
from . import base
from .base import EvidenceFailed, Field, Settings

ALL, ASKED = "all of the team", "when somebody asks"
BY_ITSELF = Field(
    "action_items",
    "Action items that become issues",
    "Those of private incidents and of drills only when somebody asks.",
    "choice",
    choices=(ASKED, ALL),
    default=ASKED,
)
LABELS = Field("labels", "Labels", "For new issues, with commas between them.")


class TrackerFailed(EvidenceFailed):
    """The tracker could not be asked, or refused. ``gone``: it has no such issue."""

    title = "The tracker did not do it"
    code = "tracker_failed"

    def __init__(self, message: str, *, fix: str = "", everything: bool = False, gone: bool = False) -> None:
        super().__init__(message, fix=fix, everything=everything)
        self.gone = gone


@dataclass(frozen=True)
class Issue:
    """An issue. ``id`` is what the tracker finds it by, ``key`` what people there call it (#12, PAY-7)."""

    id: str
    key: str
    url: str
    open: bool


@runtime_checkable
class Issues(Protocol):
    """Keeps issues. All raise :class:`TrackerFailed`."""

    def make(self, settings: Settings, title: str, text: str, mark: str) -> Issue:
        """A new issue. ``mark`` stands in ``text`` and nowhere else in the world."""
        ...

    def marked(self, settings: Settings, mark: str) -> Issue | None:
        """The issue that was made with ``mark``, when nobody knows whether it was: None if there is none."""
        ...

    def named(self, settings: Settings, said: str) -> Issue:
        """The issue that somebody means by its address, or by what it is called. Raises ``Refused`` for what is neither."""
        ...

    def look(self, settings: Settings, id: str) -> Issue:
        """How it stands now."""
        ...

    def close(self, settings: Settings, id: str, *, done: bool) -> None:
        """Close it: it is ``done``, or will not be done."""
        ...

    def open_again(self, settings: Settings, id: str) -> None:
        """Open it again."""
        ...


def call(method: str, url: str, headers: Mapping[str, str], body: object = None) -> Any:
    """What the tracker answers, as JSON; None where it says nothing.

    :raises TrackerFailed: in plain words, what went wrong and what to do.
    """
    content = b"" if body is None else msgspec.json.encode(body)
    sent = {"Accept": "application/json", **({"Content-Type": "application/json"} if content else {}), **headers}
    try:
        answer = http.fetch(
            method, url, headers=sent, content=content,
            timeout_seconds=base.TIMEOUT_SECONDS, limit_bytes=base.LIMIT_BYTES,
        )  # fmt: skip
    except http.OutgoingFailed as error:
        raise TrackerFailed(
            error.message, fix="Check that it runs and can be reached from here.", everything=True
        ) from None
    said = base.words_of(answer.body)
    told = f": {said}" if said else ""
    if answer.ok:
        try:
            return msgspec.json.decode(answer.body) if answer.body.strip() else None
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise strange() from None
    if answer.status in {404, 410}:
        raise TrackerFailed(f"It knows no such thing ({answer.status}){told}.", gone=True)
    if answer.status in {401, 403, 429}:
        why = "asks us to wait" if answer.status == 429 else "refused our credentials"
        raise TrackerFailed(
            f"It {why} ({answer.status}){told}.",
            fix="" if answer.status == 429 else "Correct them under Connections.",
            everything=True,
        )
    raise TrackerFailed(f"It answered {answer.status}{told}.", everything=answer.status >= 500)


def labels_of(settings: Settings) -> list[str]:
    """What stands in :data:`LABELS`."""
    return [each.strip() for each in str(settings.get(LABELS.name, "")).split(",") if each.strip()]


def thing(found: Any) -> dict[str, Any]:
    """``found``, which has to be one thing.

    :raises TrackerFailed: it is not.
    """
    if not isinstance(found, dict):
        raise strange()
    return found


def things(found: Any) -> list[Any]:
    """``found``, which has to be several.

    :raises TrackerFailed: it is not.
    """
    if not isinstance(found, list):
        raise strange()
    return found


def strange() -> TrackerFailed:
    """For an answer that is of another kind of server."""
    return TrackerFailed(
        "Its answer is not what such a server sends.", fix="Check the connection's address and kind: is it the API?"
    )
