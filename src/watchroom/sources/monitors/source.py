"""A tiny format of our own: one problem, which is there (``down``) or over."""

from __future__ import annotations

import json
from typing import Any

from ..base import Draft, Inbound, Parsed, Problem, Reply
from ..webhook import notes

_SEVERITIES = ("critical", "error", "warning", "info")


class Monitors:
    """Heartbeats and checks. Nothing from outside is taken: Watchroom writes these signals itself."""

    name = "monitors"
    label = "Watchroom's heartbeats and checks"
    summary = "Jobs that must report, and checks that Watchroom runs. Made by itself with the first of a team."
    resolve_timeout_seconds: int | None = None
    headers: tuple[str, ...] = ()

    def accepts(self, method: str, path: str) -> bool:
        return False

    def parse(self, inbound: Inbound) -> Parsed:
        try:
            said: Any = json.loads(inbound.body)
            draft = Draft(
                dedup_key=str(said["key"]),
                title=str(said["title"]),
                severity=said["severity"] if said.get("severity") in _SEVERITIES else "critical",
                labels={str(name): str(value) for name, value in said.get("labels", {}).items()},
                starts_at=inbound.received_at,
                ends_at=None if said["down"] else inbound.received_at,
                stated_end=not said["down"],
                annotations=notes(description=str(said.get("text", "")), about=str(said.get("about", ""))),
                link=str(said.get("link", "")),
                act="fire" if said["down"] else "end",
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return Parsed(problems=(Problem("body", str(error)[:100], "send what Watchroom's monitors write"),))
        return Parsed(drafts=(draft,))

    def reply(self, parsed: Parsed) -> Reply:
        return Reply(400 if parsed.problems else 200)

    def instructions(self, address: str) -> str:
        return "Nothing to set up: Watchroom writes here what its own heartbeats and checks find. See Monitors."
