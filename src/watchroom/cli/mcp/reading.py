"""What an assistant may look at. Each tool is one question of the API, or a few that belong together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from ..client import Api

_MOST = 50  # of a list: an assistant reads all that it is given


class Reading:
    """The tools that only read."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def tools(self) -> list[Callable[..., Any]]:
        """All of them, as they are offered."""
        return [
            self.list_alerts,
            self.get_alert,
            self.why_paged,
            self.who_is_on_call,
            self.list_incidents,
            self.get_incident,
            self.incident_log,
            self.catch_up,
            self.investigation_board,
            self.offered_mitigations,
            self.offered_runbooks,
            self.list_runbooks,
            self.get_runbook,
            self.list_services,
            self.get_service,
            self.list_postmortems,
            self.get_postmortem,
            self.evidence,
            self.noisy_alerts,
            self.how_incidents_went,
            self.how_we_respond,
            self.what_is_lacking,
        ]

    def list_alerts(
        self,
        state: Literal["open", "firing", "acknowledged", "resolved", "all"] = "open",
        severity: Literal["", "critical", "error", "warning", "info"] = "",
        service: str = "",
        team: str = "",
        words: str = "",
        cursor: str = "",
    ) -> Any:
        """Alert groups, the newest first. ``service`` and ``team`` are slugs; ``cursor``: where the last answer ended."""
        asked = {"severity": severity, "service": service, "team": team, "q": words, "cursor": cursor}
        return self._api.get("/alert-groups", state=state, limit=_MOST, **asked)

    def get_alert(self, id: int) -> Any:
        """One alert group: its alerts with labels and annotations, what happened, who was and will be told."""
        return self._api.get(f"/alert-groups/{id}")

    def why_paged(self, id: int) -> Any:
        """Why somebody was paged for an alert group, or nobody: every decision in order, with what made it."""
        return self._api.get(f"/alert-groups/{id}/why")

    def who_is_on_call(self, at: str = "", cursor: str = "") -> Any:
        """Who is on call in each schedule, now or ``at`` a time (RFC 3339)."""
        return self._api.get("/on-call", at=at, limit=_MOST, cursor=cursor)

    def list_incidents(
        self,
        status: Literal["", "open", "active", "mitigated", "resolved", "closed", "triage"] = "",
        severity: int | None = None,
        service: str = "",
        team: str = "",
        words: str = "",
        cursor: str = "",
    ) -> Any:
        """Incidents, the newest first. ``severity`` 1 is the worst. ``words`` of title or summary find similar ones of the past."""
        asked = {"severity": severity, "service": service, "team": team, "q": words, "cursor": cursor}
        return self._api.get("/incidents", status=status, limit=_MOST, **asked)

    def get_incident(self, id: int) -> Any:
        """One incident: severity, state, impact, roles, services and alerts; its key times; the updates that were published."""
        path = f"/incidents/{id}"
        parts = {"incident": path, "times": f"{path}/times", "updates": f"{path}/updates"}
        return {name: self._api.get(each) for name, each in parts.items()}

    def incident_log(self, id: int, since: str = "", cursor: str = "") -> Any:
        """The running log of an incident: symptoms, hypotheses, actions, results, decisions, notes."""
        return self._api.get(f"/incidents/{id}/log", since=since, limit=200, cursor=cursor)

    def catch_up(self, id: int, since: str = "") -> Any:
        """What somebody must know who was away from an incident since then (RFC 3339), or from the beginning."""
        return self._api.get(f"/incidents/{id}/catch-up", since=since)

    def investigation_board(self, id: int) -> Any:
        """The hypotheses of an incident by how they stand, with what was done and found under each."""
        return self._api.get(f"/incidents/{id}/board")

    def offered_mitigations(self, id: int) -> Any:
        """What can stop the bleeding in an incident, the best guess first, with risk, steps and how it is undone."""
        return self._api.get(f"/incidents/{id}/mitigations/offered")

    def offered_runbooks(self, kind: Literal["alert", "incident"], id: int) -> Any:
        """Runbooks that fit an alert group or an incident, the best first, with what earlier runs said of each."""
        return self._api.get(f"/{'alert-groups' if kind == 'alert' else 'incidents'}/{id}/runbooks/offered")

    def list_runbooks(self, words: str = "", team: str = "", service: str = "", cursor: str = "") -> Any:
        """Runbooks, each with what it lacks."""
        return self._api.get("/runbooks", q=words, team=team, service=service, limit=_MOST, cursor=cursor)

    def get_runbook(self, slug: str) -> Any:
        """One runbook in Markdown: how to confirm, diagnose, mitigate and resolve, and whom to call."""
        return self._api.get(f"/runbooks/{slug}/markdown")

    def list_services(self, words: str = "", team: str = "", cursor: str = "") -> Any:
        """Services of the catalog."""
        return self._api.get("/services", q=words, team=team, limit=_MOST, cursor=cursor)

    def get_service(self, slug: str) -> Any:
        """One service: owner, policy, links, what it needs and what needs it."""
        return self._api.get(f"/services/{slug}")

    def list_postmortems(self, words: str = "", team: str = "", cursor: str = "") -> Any:
        """Postmortems, to learn from what happened before."""
        return self._api.get("/postmortems", q=words, team=team, limit=_MOST, cursor=cursor)

    def get_postmortem(self, id: int) -> Any:
        """One postmortem: impact, timeline, contributing factors, actions."""
        return self._api.get(f"/postmortems/{id}")

    def evidence(self, kind: Literal["alert", "incident"], id: int, item: str = "") -> Any:
        """What there is to see for an alert group or an incident (metrics, log lines, traces, changes); with ``item``, the key of
        one of them, what it shows."""
        path = f"/{'alert-groups' if kind == 'alert' else 'incidents'}/{id}/evidence"
        return self._api.get(f"{path}/{item}" if item else path)

    def noisy_alerts(self, days: int = 28, team: str = "") -> Any:
        """Alert rules by how often they page and how rarely somebody had to act: what to mend first."""
        return self._api.get("/insights/alert-rules", days=days, team=team, limit=_MOST)

    def how_incidents_went(self, days: int = 90, team: str = "") -> Any:
        """How many incidents, how long each step took, what was hurt, beside as long a time before."""
        return self._api.get("/insights/incidents", days=days, team=team)

    def how_we_respond(self) -> Any:
        """The process here: how to declare, how bad is bad, who decides, who is told, how updates go out, what happens afterwards."""
        return self._api.get("/process")

    def what_is_lacking(self, team: str = "") -> Any:
        """What a team still lacks before the next incident, the one thing to mend first; without ``team``, how ready each is."""
        return self._api.get(f"/readiness/teams/{team}" if team else "/readiness")
