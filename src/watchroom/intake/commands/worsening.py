"""What follows for an alert group when one more alert joins it, or one that it has becomes worse."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from ...kernel import clock, wake
from ...paging.commands import raise_urgency
from ...paging.models import Escalation
from ..models import AlertGroup
from ..rules import Node, Outcome, outcomes_by_route, urgency_of, worst


class Worsening:
    """Changes groups that its caller has locked, and writes afterwards. ``topics``: what has to wake somebody."""

    def __init__(self, routes: Node | None, topics: set[str]) -> None:
        self._routes, self._topics = routes, topics

    def joined(self, group: AlertGroup, severity: str, outcome: Outcome, *, fresh: bool) -> None:
        """One more alert is in this group, which has just been opened (``fresh``) or was there."""
        self.worsen(group, (severity,), outcome)
        group.group_interval_seconds = outcome.group_interval_seconds
        group.repeat_interval_seconds = outcome.repeat_interval_seconds
        louder = group.urgency == "low" and urgency_of(severity, outcome.urgency) == "high"
        if fresh:
            group.urgency = "high" if louder else group.urgency  # nothing has been said of it yet
            return
        if louder:
            self.make_urgent(group)
            if group.told_at is not None:
                group.update_at = clock.now()
        if group.told_at is not None and group.update_at is None and group.held is None:
            wait = timedelta(seconds=outcome.group_wait_seconds)
            next_time = group.told_at + timedelta(seconds=group.group_interval_seconds)
            group.update_at = max(clock.now() + wait, next_time)

    def make_urgent(self, group: AlertGroup) -> None:
        """What follows is louder, and waits for no hours."""
        group.urgency, group.review_at = "high", clock.now()
        if group.told_at is not None:
            raise_urgency(Escalation.Kind.ALERT_GROUP, group.pk)

    def worsen(self, group: AlertGroup, severities: Collection[str], outcome: Outcome | None = None) -> None:
        """A group is as bad as the worst of its alerts, and perhaps bad enough for an incident now. ``outcome``: what its
        route says, where that is known."""
        before, group.severity = group.severity, worst((group.severity, *severities))
        if group.severity == before or group.drill or group.declare_at is not None or self._routes is None:
            return
        outcome = outcome or outcomes_by_route(self._routes).get(group.route_id or 0)
        rule = outcome.declares if outcome is not None else None
        if rule is not None and rule.reached(group.severity) and not rule.reached(before):
            self.declare(group, clock.now())

    def declare(self, group: AlertGroup, at: datetime | None) -> None:
        """Have it decided then whether an incident is declared."""
        group.declare_at = at
        if at is not None and at <= clock.now():
            self._topics.add(wake.DUE)
