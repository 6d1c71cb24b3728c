"""Reads about status pages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from django.db.models import Prefetch, Q, QuerySet

from ..accounts.actors import Actor
from ..accounts.roles import Action
from ..kernel.errors import NotFound
from .models import Component, ComponentImpact, PublicIncident, PublishedUpdate, StatusPage
from .rules import WORDS, Day, Spell, banner, days, effective, uptime_percent

HISTORY = timedelta(days=90)


def visible_to(actor: Actor | None) -> QuerySet[StatusPage]:
    """Pages that ``actor`` may read; a stranger (None) only public ones."""
    rows = StatusPage.objects.select_related("team")
    return rows if actor is not None and actor.may(Action.SEE) else rows.filter(public=True)


def page_by(actor: Actor | None, slug: str) -> StatusPage:
    """A page by its slug.

    :raises NotFound: there is none, or it is not public.
    """
    found = visible_to(actor).filter(slug=slug).first()
    if found is None:
        raise NotFound("There is no such status page.", field="slug", value=slug, fix="Check the address.")
    return found


def look_of(state: str) -> str:
    """A component's state as the design system's badges and bars call it."""
    return {"degraded_performance": "degraded", "under_maintenance": "maintenance"}.get(state, state)


@dataclass(frozen=True)
class ComponentView:
    """A component as it is shown."""

    component: Component
    state: str
    bars: list[Day]
    uptime: float

    @property
    def look(self) -> str:
        """The state as the badges call it."""
        return look_of(self.state)

    @property
    def words(self) -> str:
        """The state in words."""
        return WORDS[self.state]

    @property
    def days(self) -> list[tuple[date, str, str]]:
        """The bars as the template draws them: day, state, words."""
        return [
            (bar.day, look_of(bar.state), f"{bar.minutes} minutes of trouble" if bar.minutes else WORDS[bar.state])
            for bar in self.bars
        ]

    @property
    def label(self) -> str:
        """What the bars are called for who can't see them."""
        return f"{self.component.name}, the last 90 days"


@dataclass(frozen=True)
class PageView:
    """All that a status page shows, read in a constant number of queries."""

    page: StatusPage
    sentence: str
    state: str
    components: list[ComponentView]
    open: Sequence[PublicIncident]
    past: Sequence[PublicIncident]
    changed_at: datetime

    @property
    def past_by_day(self) -> list[tuple[date, list[PublicIncident]]]:
        """What is over, by the day (UTC) on which it began, the latest first."""
        return [(day, list(each)) for day, each in groupby(self.past, key=lambda row: row.opened_at.date())]


def view(page: StatusPage, now: datetime) -> PageView:
    """The page as it is at ``now``."""
    updates = Prefetch(
        "updates", PublishedUpdate.objects.select_related("update").order_by("-update__published_at"), to_attr="shown"
    )
    impacts = Prefetch("impacts", ComponentImpact.objects.select_related("component"), to_attr="affected")
    recent = Q(resolved_at__isnull=True) | Q(resolved_at__gte=now - HISTORY)
    incidents = list(page.incidents.filter(recent, incident__drill=False).prefetch_related(updates, impacts))
    spells: dict[int, list[Spell]] = defaultdict(list)
    for incident in incidents:
        for impact in incident.affected:  # type: ignore[attr-defined]
            spells[impact.component_id].append(Spell(incident.opened_at, incident.resolved_at, impact.state))
    components = []
    for component in page.components.all():
        own = spells[component.pk]
        bars = days(own, now)
        state = effective(component.asserted, (spell.state for spell in own if spell.end is None))
        components.append(ComponentView(component, state, bars, uptime_percent(bars, now)))
    still = [incident for incident in incidents if incident.resolved_at is None]
    sentence, state = banner([each.state for each in components], len(still))
    told = [shown.update.published_at for incident in incidents for shown in incident.shown]  # type: ignore[attr-defined]
    return PageView(
        page,
        sentence,
        state,
        components,
        still,
        [incident for incident in incidents if incident.resolved_at],
        max(told, default=page.created_at),
    )
