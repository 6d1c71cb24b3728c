"""The messages in chats that show a run: its own in the incident's channel, and those about the incident's alerts."""

from __future__ import annotations

from ...paging.models import Escalation
from ...paging.proposed import proposal_of
from ...workspaces.posts import redraw
from ..models import MitigationRun


def redraw_run(run: MitigationRun, *, alerts: bool = True) -> None:
    """Have them say how it stands. Those about its ``alerts`` may be many, before messages that others wait for: only when
    it waits for somebody, is decided, or has ended. Inside the caller's transaction."""
    redraw("mitigation_run", [run.pk])
    redraw("approval", [proposal_of(run.client_key)])
    if alerts:
        groups = run.incident.alert_groups.order_by("pk").values_list("pk", flat=True)
        redraw(Escalation.Kind.ALERT_GROUP, groups)
