"""What an assistant may do, if whoever starts the server says so. What it writes says that an assistant wrote it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Literal

from ...kernel import clock
from ...kernel.errors import Conflict
from ..client import Api

_BY = "(written by an assistant)"


class Acting:
    """The tools that change something. None stops, pages or publishes: that is for people."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def tools(self) -> list[Callable[..., Any]]:
        """All of them, as they are offered."""
        return [
            self.acknowledge_alert,
            self.snooze_alert,
            self.note_on_alert,
            self.write_log,
            self.draft_update,
            self.declare_incident,
        ]

    def acknowledge_alert(self, id: int) -> Any:
        """Say that the person for whom you act looks after an alert group: nobody else is paged for it. Only if they said so."""
        return self._api.post(f"/alert-groups/{id}/acknowledge")

    def snooze_alert(self, id: int, minutes: int, why: str) -> Any:
        """Leave an alert group alone for so many minutes; afterwards paging goes on."""
        until = (clock.now() + timedelta(minutes=minutes)).isoformat()
        return self._api.post(f"/alert-groups/{id}/snooze", until=until, note=f"{why} {_BY}")

    def note_on_alert(self, id: int, text: str) -> Any:
        """Write a note on an alert group."""
        return self._api.post(f"/alert-groups/{id}/notes", text=f"{text} {_BY}")

    def write_log(
        self,
        incident: int,
        kind: Literal["symptom", "hypothesis", "action", "result", "decision", "note"],
        text: str,
    ) -> Any:
        """Write a line into the running log of an incident. A guess is a hypothesis, never a result."""
        return self._api.post(f"/incidents/{incident}/log", kind=kind, text=f"{text} {_BY}")

    def draft_update(self, incident: int, happening: str, impact: str, doing: str) -> Any:
        """Put words into the draft of an incident's next update: what happens, whom it hurts, what is being done. Nobody is told
        before a person has read and published it. Refused when somebody has begun one already."""
        draft = self._api.get(f"/incidents/{incident}/draft")
        if draft["happening"] or draft["impact"] or draft["doing"]:
            raise Conflict("Somebody has begun a draft already.", fix="Show your words to a person instead.")
        words = {"happening": happening, "impact": impact, "doing": doing}
        return self._api.call(
            "PUT", f"/incidents/{incident}/draft", words | {"version": draft["version"], "stage": draft["stage"]}
        )

    def declare_incident(
        self, title: str, severity: int, services: list[str], alerts: list[int], impact: str = ""
    ) -> Any:
        """Report what may be an incident. It goes into triage, where a person confirms or declines it. ``services`` are slugs, ``alerts`` numbers of alert groups, ``severity`` 1 (worst) to 5."""
        return self._api.post(
            "/incidents", title=title, severity=severity, services=services, alert_groups=alerts, impact=impact,
            summary="Reported by an assistant.", triage=True,
        )  # fmt: skip
