"""Showing updates of incidents to strangers, and saying how a component is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.roles import Action
from ...incidents.models import Incident, Update
from ...kernel.db import locked
from ...kernel.errors import NotFound, Refused
from ..models import (
    Component,
    ComponentImpact,
    ComponentSpan,
    ComponentState,
    PublicIncident,
    PublishedUpdate,
    StatusPage,
)
from ..rules import impact_of, public_title
from ._shared import checked_state, moved, must_be_for_strangers
from .announcing import announce_shown
from .spans import set_spans

Cause = ComponentSpan.Cause


def assert_component(by: Actor, component: Component, state: str) -> None:
    """Say how a component is doing, apart from incidents. The same accepts what is proposed.

    :raises Refused: an unknown state.
    """
    checked_state(state, field="state")
    with change(by, "component.asserted", component, needs=Action.RESPOND, team=component.page.team) as made:
        made.note(before=component.asserted, after=state)
        component.asserted = state
        component.save(update_fields=["asserted"])
        set_spans({component.pk: state}, Cause.PEOPLE, made.at)
        moved(made, component.page)


def publish(
    by: Actor,
    update: Update,
    pages: Sequence[StatusPage | str],
    impacts: Mapping[int, str] | None = None,
    title: str = "",
) -> list[PublicIncident]:
    """Show an update on pages, all or none. The first makes the public incident; the one of the stage "resolved" ends it.

    ``impacts`` are states by component id ("operational": not affected); without it, components of the incident's
    services get what its severity says, and what was said before stays. ``title`` is what strangers read; it never
    comes from the incident's own.

    :raises Refused: the incident is a drill, or private; an impact makes no sense.
    :raises NotFound: no such page.
    """
    rows = list({row.pk: row for row in map(_page, pages)}.values())
    _check_impacts(rows, impacts)
    title = " ".join(title.split())[:200]
    shown = []
    with transaction.atomic():
        incident = locked(Incident.objects.select_related("team")).get(pk=update.incident_id)
        must_be_for_strangers(incident)
        for page in rows:
            # A responder of the incident's team may tell strangers, and one of the team that keeps the page.
            team = incident.team if by.may(Action.RESPOND, incident.team) else page.team
            with change(by, "update.shown", update, needs=Action.RESPOND, team=team) as made:
                shown.append(_show(page, incident, update, impacts, title))
                # What their services say is heard again at once: of this incident it is people who speak now.
                page.components.filter(look_at__isnull=False).update(look_at=made.at)
                made.note(page=page.slug)
                made.touch(f"incident:{incident.pk}")
                moved(made, page)
    return shown


def _show(
    page: StatusPage, incident: Incident, update: Update, impacts: Mapping[int, str] | None, title: str
) -> PublicIncident:
    public, created = PublicIncident.objects.get_or_create(
        page=page, incident=incident, defaults={"title": title or "…", "opened_at": update.published_at}
    )
    _, is_new = PublishedUpdate.objects.get_or_create(public_incident=public, update=update)
    if impacts is not None or created:
        _set_impacts(public, impacts)
    if title or created:
        public.title = title or public_title(_hit(public).values_list("component__name", flat=True))
    # Updates may be shown in another order than they were written in: the latest one says how it stands.
    told = list(Update.objects.filter(publications__public_incident=public).order_by("published_at", "id"))
    before, public.opened_at = public.opened_at, min(public.opened_at, told[0].published_at)
    public.resolved_at = told[-1].published_at if told[-1].stage == Update.Stage.RESOLVED else None
    public.save()
    if public.opened_at < before:  # it had begun earlier than was known
        ComponentSpan.objects.filter(cause=Cause.INCIDENT, subject=public.pk, started_at=before).update(
            started_at=public.opened_at
        )
    said = {} if public.resolved_at else dict(public.impacts.values_list("component_id", "state"))
    set_spans(said, Cause.INCIDENT, public.resolved_at or told[-1].published_at, subject=public.pk, others_end=True)
    if public.resolved_at and public.opened_at < public.resolved_at:
        _fill_in(public, public.opened_at, public.resolved_at)
    if is_new:
        announce_shown(public, update)
    return public


def _fill_in(public: PublicIncident, started_at: datetime, ended_at: datetime) -> None:
    """Strangers were told only once it was over: its bars show it nevertheless."""
    if not ComponentSpan.objects.filter(cause=Cause.INCIDENT, subject=public.pk).exists():
        ComponentSpan.objects.bulk_create(
            ComponentSpan(
                component_id=impact.component_id,
                cause=Cause.INCIDENT,
                subject=public.pk,
                state=impact.state,
                started_at=started_at,
                ended_at=ended_at,
            )
            for impact in _hit(public)
        )


def _hit(public: PublicIncident) -> QuerySet[ComponentImpact]:
    """What is said of components that do not work."""
    return public.impacts.exclude(state=ComponentState.OPERATIONAL)


def _page(page: StatusPage | str) -> StatusPage:
    if isinstance(page, StatusPage):
        return page
    found = StatusPage.objects.filter(slug=page).first()
    if found is None:
        raise NotFound(
            f"There is no status page {page!r}.", field="pages", value=page, fix="See the list of status pages."
        )
    return found


def _check_impacts(pages: Sequence[StatusPage], impacts: Mapping[int, str] | None) -> None:
    for pk, state in (impacts or {}).items():
        checked_state(state, field=f"impacts[{pk}]")
    known = set(Component.objects.filter(page__in=pages).values_list("pk", flat=True))
    if unknown := next((pk for pk in impacts or {} if int(pk) not in known), None):
        raise Refused(
            "There is no such component on these pages.",
            field="impacts",
            value=unknown,
            fix="Use ids of components of the pages.",
        )


def _set_impacts(public: PublicIncident, impacts: Mapping[int, str] | None) -> None:
    """What is said of components from now on. One of which something was said before and nothing now works again: that
    stays said, and so does what is said of the incident's own services, lest their checks say otherwise."""
    components = Component.objects.filter(page=public.page)
    own = set(components.filter(service__in=public.incident.services.all()).values_list("pk", flat=True))
    if impacts is None:
        wanted = dict.fromkeys(own, impact_of(public.incident.severity))
    else:
        before = set(public.impacts.values_list("component", flat=True))
        said = {int(pk): state for pk, state in impacts.items()}
        kept = {pk for pk, state in said.items() if state != ComponentState.OPERATIONAL or pk in own}
        wanted = {pk: said.get(pk, ComponentState.OPERATIONAL) for pk in before | kept}
    public.impacts.all().delete()
    ComponentImpact.objects.bulk_create(
        ComponentImpact(public_incident=public, component=component, state=wanted[component.pk])
        for component in components.filter(pk__in=wanted)
    )
