"""Reads about what teams lack."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q, QuerySet

from ...accounts.actors import Actor
from ...accounts.models import Membership, Team
from ...accounts.queries import team_by
from ...accounts.roles import Action
from ...catalog.models import Service
from ...kernel import clock
from ...kernel.errors import NotAllowed, NotFound
from ..models import Lack, ReadinessDay, Standing
from ..rules import checks
from ..rules.checks import Found, Level

HISTORY = timedelta(days=90)


def visible_to(actor: Actor) -> QuerySet[Standing]:
    """How ready the teams are whose lacks ``actor`` may read: their own teams', and those whose things they manage; of the
    installation administrators. It names people and what reaches them."""
    rows = Standing.objects.select_related("team", "next")
    if actor.may(Action.ADMINISTER):
        return rows
    return rows.filter(team__in=teams_visible_to(actor))


def teams_visible_to(actor: Actor) -> QuerySet[Team]:
    """The teams of which ``actor`` may read what they lack."""
    if actor.may(Action.ADMINISTER):
        return Team.objects.all()
    own = (
        Membership.objects.filter(person=actor.person)
        if actor.person and actor.may(Action.SEE)
        else Membership.objects.none()
    )
    return Team.objects.filter(Q(pk__in=own.values("team")) | Q(pk__in=actor.teams_where(Action.MANAGE).values("pk")))


def team_for(actor: Actor, slug: str) -> Team:
    """One of them.

    :raises NotFound: there is none that ``actor`` may read about.
    """
    team = team_by(slug)
    if not teams_visible_to(actor).filter(pk=team.pk).exists():
        raise NotFound(f"There is no team {slug!r} of yours.", field="team", value=slug, fix="Ask one of its managers.")
    return team


@dataclass(frozen=True)
class Shown:
    """Something that is lacking now, since when, and until when it is put off by whom and why."""

    key: str
    level: Level
    text: str
    path: str
    since: datetime
    put_off_until: date | None = None
    put_off_by: str = ""
    put_off_reason: str = ""


@dataclass(frozen=True)
class Readiness:
    """How ready a team (None: the installation) is at this moment. ``lacks`` are to be mended, the worst first; ``waiting`` is
    put off."""

    team: Team | None
    looked: int
    fine: int
    lacks: list[Shown]
    waiting: list[Shown]

    @property
    def percent(self) -> int:
        return 100 * self.fine // self.looked if self.looked else 100


def readiness_of(actor: Actor, team: Team | None, found: Found) -> Readiness:
    """What was found, with since when. ``found``: by the commands' ``found_of``, at this moment.

    :raises NotAllowed: it is the installation's, and ``actor`` no administrator.
    """
    if team is None and not actor.may(Action.ADMINISTER):
        raise NotAllowed("Only an administrator sees what the installation lacks.")
    now = clock.now()
    rows = {row.key: row for row in Lack.objects.filter(team=team, gone_at__isnull=True).select_related("put_off_by")}
    lacks: list[Shown] = []
    waiting: list[Shown] = []
    for each in found.lacks:
        row = rows.get(each.key[:120])
        shown = _shown(each, row, now)
        (waiting if shown.put_off_until is not None else lacks).append(shown)
    return Readiness(team, found.looked, found.fine, lacks, waiting)


def _shown(each: checks.Lack, row: Lack | None, now: datetime) -> Shown:
    if row is None:
        return Shown(each.key[:120], each.level, each.text, each.path, now)
    if row.put_off_until is None or row.put_off_until <= now.date():
        return Shown(row.key, each.level, each.text, each.path, row.first_at)
    by = str(row.put_off_by or "Watchroom")
    return Shown(row.key, each.level, each.text, each.path, row.first_at, row.put_off_until, by, row.put_off_reason)


def history_of(team: Team | None) -> list[ReadinessDay]:
    """The share of each day that was looked at, of the last three months."""
    return list(ReadinessDay.objects.filter(team=team, day__gt=(clock.now() - HISTORY).date()).order_by("day"))


def lacks_of_service(service: Service) -> list[Lack]:
    """What a service lacks, as it was last seen; for everybody who may see the service."""
    rows = Lack.objects.filter(service=service, gone_at__isnull=True)
    today = clock.now().date()
    return list(rows.filter(Q(put_off_until__isnull=True) | Q(put_off_until__lte=today))[:10])


def hurting(actor: Actor) -> list[Standing]:
    """The teams of this actor in which something will hurt, the worst first; what is theirs to mend."""
    if actor.person is None:
        return []
    rows = Standing.objects.filter(hurts__gt=0).select_related("team", "next")
    if not actor.may(Action.ADMINISTER):
        rows = rows.filter(team__in=actor.teams_where(Action.MANAGE))
    return list(rows.order_by("-hurts", "-id")[:2])
