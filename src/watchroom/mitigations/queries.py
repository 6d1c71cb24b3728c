"""Reads about mitigations and their runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Q, QuerySet

from ..accounts.actors import Actor
from ..accounts.roles import NEEDED, Action
from ..evidence.models import Change
from ..incidents.models import Incident
from ..incidents.queries import seen_by
from ..kernel.finding import one
from ..kernel.plugins import all_of
from . import rules
from .models import Mitigation, MitigationRun, Runner

PAST = 200  # runs in earlier incidents that are looked at
CHANGED_WITHIN = timedelta(hours=6)


def visible_to(actor: Actor) -> QuerySet[Mitigation]:
    """The catalog: everybody who is signed in may read it; it is for whoever is awake."""
    rows = Mitigation.objects.select_related("team", "service", "indicator__service", "runner__team")
    return rows if actor.may(Action.SEE) else rows.none()


def mitigation_by(actor: Actor, slug: str) -> Mitigation:
    """One mitigation by its slug.

    :raises NotFound: there is none, or ``actor`` may not see it.
    """
    return one(visible_to(actor), "mitigation", slug=slug)


def offered_in(actor: Actor, incident: Incident) -> list[Mitigation]:
    """What can be tried in an incident: for its services, and of its team or their teams for any service; the best guess
    first (:func:`rules.rank`), each with its ``reason``, whether ``actor`` ``may`` start it,
    and, where Watchroom carries it out, its ``plan`` in words."""
    services = list(incident.services.all())
    teams = {service.team_id for service in services} | {incident.team_id}
    fits = Q(service__in=services) | Q(service__isnull=True, team__in=[each for each in teams if each])
    rows = {row.pk: row for row in visible_to(actor).filter(fits)}
    if not rows:
        return []
    runs = MitigationRun.objects.filter(mitigation__in=rows, outcome__gt="", incident__drill=False).order_by("-id")
    past: dict[int, list[str]] = defaultdict(list)
    here: dict[int, list[str]] = defaultdict(list)
    for incident_id, mitigation, outcome in runs.values_list("incident_id", "mitigation_id", "outcome")[:PAST]:
        (here if incident_id == incident.pk else past)[mitigation].append(outcome)
    began = incident.declared_at - CHANGED_WITHIN
    changed = set(
        Change.objects.filter(service__in=services, at__gte=began, at__lte=incident.declared_at).values_list(
            "service_id", flat=True
        )
    )
    found = list(_ranked(rows, past, here, changed))
    for row in found:
        needs = needed_to_start(row)
        row.may = needs is None or actor.may(needs, row.team)  # type: ignore[attr-defined]
    return found


def needed_to_start(mitigation: Mitigation) -> Action | None:
    """What somebody who may act in the incident has to be allowed besides, in the mitigation's team. What a machine does
    with a team's keys is for that team's people, whoever leads the incident."""
    if mitigation.managers_only:
        return Action.MANAGE
    return Action.RESPOND if mitigation.runner_id else None


def who_may(mitigation: Mitigation) -> str:
    """Who of the mitigation's team may start or approve it, such as ``a responder of Platform``; empty: whoever may act in the
    incident."""
    needs = needed_to_start(mitigation)
    return f"a {NEEDED[needs].word} of {mitigation.team}" if needs else ""


def plan_of(mitigation: Mitigation) -> str:
    """What will be done, in words; empty: somebody does it by hand."""
    runner = mitigation.runner
    plugin = all_of("watchroom.runners").get(runner.kind) if runner else None
    return plugin.plan(runner.settings, mitigation.inputs) if runner and plugin else ""


def _ranked(
    rows: dict[int, Mitigation], past: dict[int, list[str]], here: dict[int, list[str]], changed: set[int]
) -> Iterable[Mitigation]:
    candidates = [
        rules.Candidate(
            key=row.pk,
            name=row.name,
            risk=row.risk,
            kind=row.kind,
            own_service=row.service_id is not None,
            automatic=row.runner_id is not None,
            past=tuple(past.get(row.pk, ())),
            here=tuple(here.get(row.pk, ())),
            after_change=(row.service_id in changed) if row.service_id else bool(changed),
        )
        for row in rows.values()
    ]
    for each in rules.rank(candidates):
        row = rows[each.key]
        row.reason, row.plan = each.reason, plan_of(row)  # type: ignore[attr-defined]
        yield row


def runs_visible_to(actor: Actor) -> QuerySet[MitigationRun]:
    """Runs in incidents that ``actor`` may see."""
    return (
        MitigationRun.objects.select_related(
            "mitigation__team", "started_by", "incident__team", "execution__runner", "execution__approved_by"
        )
        .prefetch_related("steps__done_by")
        .filter(seen_by(actor, "incident__"))
    )


def run_for(actor: Actor, pk: int) -> MitigationRun:
    """One run.

    :raises NotFound: there is none, or ``actor`` may not see its incident.
    """
    return one(runs_visible_to(actor), "mitigation run", pk=pk)


def runners_visible_to(actor: Actor) -> QuerySet[Runner]:
    """Runners; everybody who is signed in may know of them. Their settings are for managers of their team."""
    rows = Runner.objects.select_related("team", "agent")
    return rows if actor.may(Action.SEE) else rows.none()


def runner_by(actor: Actor, slug: str) -> Runner:
    """One runner. :raises NotFound: there is none."""
    return one(runners_visible_to(actor), "runner", slug=slug)
