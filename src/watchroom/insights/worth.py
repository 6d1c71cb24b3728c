"""How much each kind of alert was worth: all kinds are counted, and those that cost most are looked at one alert group at a time."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import datetime
from heapq import nsmallest
from zoneinfo import ZoneInfo

from django.db.models import Count, Max, Min, Q, QuerySet

from ..accounts.actors import Actor
from ..accounts.models import Team
from ..accounts.roles import Action
from ..intake.models import Alert, AlertGroup
from ..intake.routing import tree
from ..intake.rules import routes_of
from ..paging.models import Escalation, Notification
from .rules import actionable, load

REACHED = (Notification.State.SENT, Notification.State.DELIVERED)
TOLD = 5_000
_Kind = tuple[str, str]  # a rule, and the team's short name
_Pages = dict[int, list[tuple[datetime, ZoneInfo]]]
_READ = (
    "pk", "rule", "team_id", "verdict", "opened_at", "acknowledged_at", "resolved_at", "resolved_by", "reopened",
)  # fmt: skip


@dataclass(frozen=True)
class Worth:
    """What all alerts of a time have cost, and the kinds that cost most, the worst first."""

    kinds: int
    fires: int
    judged: int
    pages: int
    night_pages: int
    pages_for_nothing: int
    scores: list[actionable.Score]


@dataclass
class _Cost:
    """What one kind of alert has cost."""

    pages: int = 0
    night_pages: int = 0
    pages_for_nothing: int = 0
    noise: int = 0

    def add(self, fire: actionable.Fire) -> None:
        self.pages += fire.pages
        self.night_pages += fire.night_pages
        if actionable.for_nothing(fire):
            self.pages_for_nothing += fire.pages
            self.noise += actionable.noise_of(fire)


def alert_rules(
    actor: Actor, start: datetime, end: datetime, team: Team | None = None, *, rule: str = "", most: int = 100
) -> Worth:
    """How much each kind of alert was worth, for all that opened between ``start`` and ``end`` (of one ``rule`` only); drills
    don't count. Fires and pages are counted of all; the rest of a score is told of what paged and of the newest
    :data:`TOLD`. A handful of queries; where a wait would help a few more, to see which of them wait already."""
    groups = AlertGroup.objects.filter(opened_at__gte=start, opened_at__lt=end, drill=False).order_by()
    groups = groups.filter(team=team) if team else groups
    groups = groups.filter(team__in=actor.teams_where(Action.SEE))
    groups = groups.filter(rule=rule) if rule else groups
    slugs = dict(Team.objects.values_list("pk", "slug"))
    fires: Counter[_Kind] = Counter()
    newest: dict[_Kind, int] = {}
    judged = 0
    counts = {"fired": Count("pk"), "last": Max("pk"), "told": Count("pk", filter=~Q(verdict=""))}
    for name, owner, fired, last, said in groups.values_list("rule", "team_id").annotate(**counts):
        kind = (name, slugs.get(owner, ""))
        fires[kind], newest[kind] = fired, last
        judged += said
    told = _pages_by_group(start, end)
    paged = _fires(groups.filter(pk__in=_pages(start, end).values("escalation__subject_id")), told, slugs)
    costs: dict[_Kind, _Cost] = defaultdict(_Cost)
    for fire in paged.values():
        costs[fire.rule, fire.team].add(fire)

    def rank(kind: _Kind) -> tuple[int, int, int, _Kind]:  # as `actionable.scores` puts them
        cost = costs.get(kind) or _Cost()
        return (-cost.noise, -cost.pages, -fires[kind], kind)

    worst = nsmallest(most, fires, key=rank)
    known = paged | _fires(groups.order_by("-opened_at", "-id")[:TOLD], told, slugs)
    unseen = set(worst) - {(fire.rule, fire.team) for fire in known.values()}  # older, and they never paged
    known |= _fires(AlertGroup.objects.filter(pk__in=[newest[kind] for kind in unseen]), {}, slugs)
    return Worth(
        kinds=len(fires),
        fires=fires.total(),
        judged=judged,
        pages=sum(cost.pages for cost in costs.values()),
        night_pages=sum(cost.night_pages for cost in costs.values()),
        pages_for_nothing=sum(cost.pages_for_nothing for cost in costs.values()),
        scores=_scores(worst, known, fires, newest),
    )


def _scores(
    worst: list[_Kind], known: dict[int, actionable.Fire], fires: Counter[_Kind], newest: dict[_Kind, int]
) -> list[actionable.Score]:
    wanted = set(worst)
    own = actionable.scores(fire for fire in known.values() if (fire.rule, fire.team) in wanted)
    found = {(each.rule, each.team): each for each in own}
    return _without_those_that_wait(
        [replace(found[kind], fires=fires[kind]) for kind in worst if kind in found], newest
    )


def _fires(groups: QuerySet[AlertGroup], told: _Pages, slugs: dict[int, str]) -> dict[int, actionable.Fire]:
    """Alert groups as they are counted, by their numbers."""
    found = {}
    for pk, rule, team, verdict, opened, answered, ended, ended_by, reopened in groups.values_list(*_READ):
        pages = told.get(pk, ())
        found[pk] = actionable.Fire(
            rule=rule,
            team=slugs.get(team, ""),
            verdict=verdict,
            ended_by_itself=ended is not None and ended_by is None,
            lasted_seconds=(ended - opened).total_seconds() if ended else None,
            answered_seconds=(answered - opened).total_seconds() if answered else None,
            reopened=reopened,
            pages=len(pages),
            night_pages=sum(load.is_night(at, zone) for at, zone in pages),
        )
    return found


def _without_those_that_wait(
    scores: list[actionable.Score], newest: dict[tuple[str, str], int]
) -> list[actionable.Score]:
    """A wait is suggested where the routes do not give it already, and where a route can tell the alert by its name."""
    groups = [newest[score.rule, score.team] for score in scores if score.wait]
    if not groups:
        return scores
    last = Alert.objects.filter(group__in=groups).order_by().values("group").annotate(last=Max("id")).values("last")
    labels = dict(Alert.objects.filter(pk__in=last).values_list("group_id", "labels"))
    routes = tree()

    def kept(score: actionable.Score) -> bool:
        own = labels.get(newest[score.rule, score.team], {})
        if score.wait is None or own.get("alertname") != score.rule:
            return False
        return all(outcome.group_wait_seconds < score.wait.seconds for outcome in routes_of(routes, own))

    return [score if kept(score) else replace(score, wait=None) for score in scores]


def _pages(start: datetime, end: datetime) -> QuerySet[Notification]:
    """What reached somebody as a page for an alert group."""
    return Notification.objects.filter(
        purpose=Notification.Purpose.PAGE,
        escalation__kind=Escalation.Kind.ALERT_GROUP,
        state__in=REACHED,
        created_at__gte=start,
        created_at__lt=end,
    ).order_by()


def _pages_by_group(start: datetime, end: datetime) -> _Pages:
    """Who was paged when for which alert group: each person once for each escalation."""
    rows = (
        _pages(start, end)
        .values_list("escalation__subject_id", "escalation_id", "person_id", "person__timezone")
        .annotate(first=Min("created_at"))
    )
    found: _Pages = defaultdict(list)
    for group, _, _, zone, first in rows:
        found[group].append((first, ZoneInfo(zone)))
    return found
