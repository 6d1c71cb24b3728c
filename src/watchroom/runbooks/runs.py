"""Reads about runs of runbooks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from django.db.models import Q, QuerySet

from ..accounts.actors import Actor
from ..incidents.models import Incident
from ..incidents.queries import seen_by
from ..intake.queries import groups_visible_to
from ..kernel.finding import one
from ..mitigations.models import MitigationRun
from .models import RunbookRun, StepOutcome
from .rules import progress

LOOKED_AT = 500  # earlier runs, for what they said of the runbooks that are offered


def runs_visible_to(actor: Actor) -> QuerySet[RunbookRun]:
    """Runs in incidents, and for alert groups, that ``actor`` may see."""
    rows = RunbookRun.objects.select_related("runbook", "incident__team", "group__team", "started_by", "ended_by")
    of_groups = Q(incident__isnull=True, group__in=groups_visible_to(actor).order_by().values("pk"))
    return rows.filter(Q(incident__isnull=False) & seen_by(actor, "incident__") | of_groups)


def run_for(actor: Actor, pk: int) -> RunbookRun:
    """One run.

    :raises NotFound: there is none, or ``actor`` may not see what it is for.
    """
    return one(runs_visible_to(actor).prefetch_related("outcomes__by"), "runbook run", pk=pk)


def outcomes_of(run: RunbookRun) -> list[StepOutcome]:
    """What came of its steps, in order, without what was taken back."""
    return [each for each in run.outcomes.all() if each.outcome != StepOutcome.Outcome.UNDONE]


def said_of(run: RunbookRun) -> list[progress.Said]:
    """All that was said of its steps, in order, and holds."""
    return [progress.Said(each.key, each.outcome, each.answer) for each in outcomes_of(run)]


def turn_of(run: RunbookRun, key: str) -> int:
    """The how manieth time a step is to be done: what was said of it before an answer led back counts, and what was taken back,
    so that what the step starts is started anew."""
    return 1 + sum(each.key == key for each in run.outcomes.all())


def mitigation_key(run: int, key: str, turn: int) -> str:
    """By which the mitigation is known that a step has started."""
    return f"runbook-{run}-{turn}-{key}"[:64]


def mitigation_run_of(
    run: RunbookRun, key: str, turn: int, rows: QuerySet[MitigationRun] | None = None
) -> MitigationRun | None:
    """What a step has started, this time, or an earlier time and it still runs. ``rows``: with what else is wanted of it."""
    own = mitigation_key(run.pk, key, turn)
    keys = [own, *(mitigation_key(run.pk, key, each) for each in range(1, turn))]
    found = (MitigationRun.objects.all() if rows is None else rows).filter(
        incident=run.incident_id, client_key__in=keys
    )
    newest = found.order_by("-id").first()
    return newest if newest is not None and (newest.ended_at is None or newest.client_key == own) else None


def incident_open_for(group: int) -> int | None:
    """The number of the incident that is open for an alert group."""
    open_ones = Incident.objects.exclude(status=Incident.Status.RESOLVED).filter(alert_groups=group)
    return open_ones.values_list("pk", flat=True).first()


def past_of(runbooks: Collection[int]) -> dict[int, progress.Past]:
    """What the newest runs of these runbooks say of them, by number; drills do not count."""
    rows = RunbookRun.objects.filter(runbook__in=runbooks, drill=False, ended_at__isnull=False).order_by("-id")
    said: dict[int, list[tuple[str, datetime]]] = defaultdict(list)
    for pk, helped, at in rows.values_list("runbook_id", "helped", "ended_at")[:LOOKED_AT]:
        if pk is not None and at is not None:
            said[pk].append((helped, at))
    return {pk: progress.past_of(said[pk]) for pk in runbooks}
