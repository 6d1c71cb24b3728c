"""Reads about status pages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import groupby
from urllib.parse import urlsplit

from django.db.models import Prefetch, Q, QuerySet

from ..accounts.actors import Actor
from ..accounts.roles import Action
from ..incidents.guidance import Shown
from ..incidents.models import Incident
from ..kernel import settings as conf
from ..kernel.errors import NotFound
from ..kernel.finding import one
from .models import (
    Component,
    ComponentGroup,
    ComponentImpact,
    ComponentSpan,
    Maintenance,
    PublicIncident,
    PublishedUpdate,
    StakeholderList,
    StatusPage,
    Subscriber,
)
from .rules import WORDS, Day, Spell, banner, days, effective, impact_of, uptime_percent

HISTORY = timedelta(days=90)


def visible_to(actor: Actor | None) -> QuerySet[StatusPage]:
    """Pages that ``actor`` may read; a stranger (None) only public ones."""
    rows = StatusPage.objects.select_related("team").defer("logo")
    return rows if actor is not None and actor.may(Action.SEE) else rows.filter(public=True)


def page_by(actor: Actor | None, slug: str) -> StatusPage:
    """A page by its slug.

    :raises NotFound: there is none, or it is not public.
    """
    return one(visible_to(actor), "status page", slug=slug)


def maintenance_by(actor: Actor, slug: str, pk: int) -> Maintenance:
    """A maintenance of a page that ``actor`` may see.

    :raises NotFound: there is none.
    """
    rows = Maintenance.objects.select_related("page__team", "window").filter(page__in=visible_to(actor))
    return one(rows.filter(page__slug=slug), "page maintenance", pk=pk, fix="See the list on the status page.")


def subscriber_by(actor: Actor, slug: str, pk: int) -> Subscriber:
    """A subscriber; only for who may manage the page.

    :raises NotFound: there is none, or it is not for ``actor``.
    """
    found = Subscriber.objects.select_related("page__team").filter(page__slug=slug, pk=pk).first()
    if found is None or not actor.may(Action.MANAGE, found.page.team):
        raise NotFound("There is no such subscriber.", field="id", value=pk, fix="See the list of subscribers.")
    return found


def lists_visible_to(actor: Actor) -> QuerySet[StakeholderList]:
    """Lists of stakeholders: everybody who is signed in may see that they are there, not the addresses."""
    rows = StakeholderList.objects.select_related("team")
    return rows if actor.may(Action.SEE) else rows.none()


def list_by(actor: Actor, slug: str) -> StakeholderList:
    """:raises NotFound: there is no such list."""
    return one(lists_visible_to(actor), "stakeholder list", slug=slug)


def page_url(page: StatusPage) -> str:
    """Where strangers find the page: under its own domain, or Watchroom's. Without a slash at the end."""
    own = conf.current().url
    return f"{urlsplit(own).scheme}://{page.domain}" if page.domain else f"{own}/status/{page.slug}"


def strangers_only() -> Q:
    """Public incidents without those that have become a drill, a test or private since they were shown."""
    return Q(incident__drill=False, incident__private=False)


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
    def is_shown(self) -> bool:
        """Some are shown only while something is wrong."""
        return not self.component.only_if_degraded or self.state != "operational"


@dataclass(frozen=True)
class GroupView:
    """Components under one heading; without one, those that have none."""

    group: ComponentGroup | None
    components: list[ComponentView]

    @property
    def state(self) -> str:
        """The worst of its components'."""
        return effective("operational", (each.state for each in self.components))

    @property
    def words(self) -> str:
        return WORDS[self.state]

    @property
    def look(self) -> str:
        return look_of(self.state)


@dataclass(frozen=True)
class PageView:
    """All that a status page shows, read in a constant number of queries."""

    page: StatusPage
    now: datetime
    sentence: str
    state: str
    components: list[ComponentView]
    open: Sequence[PublicIncident]
    past: Sequence[PublicIncident]
    maintenance: Sequence[Maintenance] = field(default_factory=list)
    changed_at: datetime | None = None

    @property
    def past_by_day(self) -> list[tuple[date, list[PublicIncident]]]:
        """What is over, by the day (UTC) on which it began, the latest first."""
        return [(day, list(each)) for day, each in groupby(self.past, key=lambda row: row.opened_at.date())]

    @cached_property
    def groups(self) -> list[GroupView]:
        """The components as they are shown, by group, in the page's order."""
        found: dict[int | None, list[ComponentView]] = {}
        for each in self.components:
            if each.is_shown:
                found.setdefault(each.component.group_id, []).append(each)
        return [GroupView(rows[0].component.group, rows) for rows in found.values()]

    @property
    def announced(self) -> list[Maintenance]:
        """Without what was called off."""
        return [each for each in self.maintenance if each.stage != Maintenance.Stage.CANCELLED]

    @property
    def running(self) -> list[Maintenance]:
        return [each for each in self.maintenance if each.stage == Maintenance.Stage.IN_PROGRESS]

    @property
    def upcoming(self) -> list[Maintenance]:
        return [each for each in self.maintenance if each.stage == Maintenance.Stage.SCHEDULED]


def view(page: StatusPage, now: datetime) -> PageView:
    """The page as it is at ``now``."""
    updates = Prefetch(
        "updates", PublishedUpdate.objects.select_related("update").order_by("-update__published_at"), to_attr="shown"
    )
    impacts = Prefetch(
        "impacts",
        ComponentImpact.objects.exclude(state="operational").select_related("component"),
        to_attr="affected",
    )
    recent = Q(resolved_at__isnull=True) | Q(resolved_at__gte=now - HISTORY)
    incidents = list(page.incidents.filter(recent, strangers_only()).prefetch_related(updates, impacts))
    for incident in incidents:
        corrected = {each.update.corrects_id for each in incident.shown}  # type: ignore[attr-defined]
        for each in incident.shown:  # type: ignore[attr-defined]
            each.update.is_corrected = each.update_id in corrected  # type: ignore[attr-defined]
    maintenance = list(page.maintenance.filter(ends_at__gte=now - HISTORY).prefetch_related("notes", "components"))
    spells = _spells(page, now, {incident.pk for incident in incidents})
    components = []
    for component in page.components.select_related("group"):
        own = spells[component.pk]
        bars = days(own, now)
        state = effective("operational", (spell.state for spell in own if spell.end is None))
        components.append(ComponentView(component, state, bars, uptime_percent(bars, now)))
    still = [incident for incident in incidents if incident.resolved_at is None]
    sentence, state = banner([each.state for each in components], len(still))
    changes = [shown.update.published_at for incident in incidents for shown in incident.shown]  # type: ignore[attr-defined]
    changes += [note.at for each in maintenance for note in each.notes.all()]
    changes += [each.component.changed_at for each in components]
    return PageView(
        page=page,
        now=now,
        sentence=sentence,
        state=state,
        components=components,
        open=still,
        past=[incident for incident in incidents if incident.resolved_at],
        maintenance=maintenance,
        changed_at=max(changes, default=page.created_at),
    )


def _spells(page: StatusPage, now: datetime, shown: set[int]) -> dict[int, list[Spell]]:
    """The times of the last days in which components were not operational, by component; none of an incident that is
    not for strangers."""
    rows = ComponentSpan.objects.filter(Q(ended_at__isnull=True) | Q(ended_at__gte=now - HISTORY), component__page=page)
    found: dict[int, list[Spell]] = defaultdict(list)
    for row in rows:
        if row.cause != ComponentSpan.Cause.INCIDENT or row.subject in shown:
            found[row.component_id].append(Spell(row.started_at, row.ended_at, row.state))
    return found


@dataclass(frozen=True)
class Showing:
    """A page on which an incident is, or could be, shown, with what it says (or would say at first) of each component."""

    page: StatusPage
    is_shown: bool
    states: list[tuple[Component, str]]

    @property
    def concerned(self) -> list[str]:
        """The components of which it says something."""
        return [component.name for component, state in self.states if state != "operational"]


def showings_of(incident: Incident) -> list[Showing]:
    """Every page on which an incident could be shown; first those that show it, then those with a component of its
    services. Three statements, however many pages there are."""
    shown = {row.page_id: row for row in incident.public.prefetch_related("impacts")}
    services = set(incident.services.values_list("pk", flat=True))
    pages = StatusPage.objects.defer("logo").prefetch_related(
        Prefetch("components", Component.objects.select_related("group"))
    )
    found = []
    for page in pages:
        public = shown.get(page.pk)
        if public is not None:
            said = {each.component_id: each.state for each in public.impacts.all()}
        else:
            hit = [row.pk for row in page.components.all() if row.service_id in services]
            said = dict.fromkeys(hit, impact_of(incident.severity))
        states = [(row, said.get(row.pk, "operational")) for row in page.components.all()]
        found.append(Showing(page, public is not None, states))
    return sorted(found, key=lambda each: (not each.is_shown, not each.concerned))


def on_pages(incident: Incident) -> tuple[tuple[str, ...], tuple[Shown, ...]]:
    """For the guards: the status pages that could say something of an incident (they show it, or have a component of one
    of its services), and what stood on them when. None for what is not for strangers."""
    if incident.drill or incident.private:
        return (), ()
    seen = Q(incidents__incident=incident) | Q(components__service__in=incident.services.all())
    pages = StatusPage.objects.filter(seen).distinct().order_by("name", "id").values_list("name", flat=True)
    told = PublishedUpdate.objects.filter(public_incident__incident=incident).order_by("update__published_at", "id")
    rows = told.values_list("public_incident__page__name", "update__published_at", "update__stage")
    return tuple(pages), tuple(Shown(page, at, stage) for page, at, stage in rows)
