"""All that changes status pages and what is shown on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError
from django.utils.text import slugify

from ..accounts.actors import Actor
from ..accounts.changes import change
from ..accounts.models import Team
from ..accounts.roles import Action
from ..catalog.models import Service
from ..incidents.models import Update
from ..kernel.errors import Conflict, NotFound, Refused
from .models import Component, ComponentImpact, ComponentState, PublicIncident, PublishedUpdate, StatusPage
from .rules import impact_of


def save_status_page(
    by: Actor,
    page: StatusPage | None,
    *,
    team: Team,
    name: str,
    slug: str | None = None,
    description: str = "",
    public: bool = True,
    components: Sequence[Mapping[str, Any]] = (),
) -> StatusPage:
    """Create a page or change it. A component is ``{"name", "service": slug or None, "description", "asserted"}``; those
    with the same name stay the same, others go.

    :raises Refused: no name, a component without a name or twice, an unknown service or state.
    """
    if not name.strip():
        raise Refused(
            "A status page needs a name.", field="name", value=name, fix="Give it the name that customers know."
        )
    rows = [_component(number, given) for number, given in enumerate(components)]
    if len({row["name"] for row in rows}) < len(rows):
        raise Refused(
            "Two components have the same name.",
            field="components",
            value=[row["name"] for row in rows],
            fix="Name each differently.",
        )
    page = page or StatusPage()
    if page.pk:
        by.require(Action.MANAGE, page.team)
    with change(
        by, "status_page.changed" if page.pk else "status_page.created", page, needs=Action.MANAGE, team=team
    ) as made:
        page.team, page.name, page.description, page.public = team, name.strip(), description, public
        page.slug = slug or page.slug or slugify(name)[:64]
        try:
            page.save()
        except IntegrityError:
            raise Conflict(
                f"There is already a status page {page.slug!r}.",
                field="slug",
                value=page.slug,
                fix="Choose another name.",
            ) from None
        page.components.exclude(name__in=[row["name"] for row in rows]).delete()
        for position, row in enumerate(rows):
            Component.objects.update_or_create(page=page, name=row.pop("name"), defaults={**row, "position": position})
        made.touch(f"status:{page.pk}", "status-pages")
    return page


def _component(number: int, given: Mapping[str, Any]) -> dict[str, Any]:
    where, name = f"components[{number}]", str(given.get("name", "")).strip()
    if not name:
        raise Refused("A component needs a name.", field=f"{where}.name", value="", fix="Name what customers use.")
    service = None
    if given.get("service"):
        service = Service.objects.filter(slug=given["service"]).first()
        if service is None:
            raise Refused(
                "There is no such service.",
                field=f"{where}.service",
                value=given["service"],
                fix="See the list of services.",
            )
    asserted = given.get("asserted") or ComponentState.OPERATIONAL
    if asserted not in ComponentState.values:
        raise Refused(
            "There is no such state.",
            field=f"{where}.asserted",
            value=asserted,
            fix=f"Use one of {', '.join(ComponentState.values)}.",
        )
    return {"name": name, "service": service, "description": given.get("description", ""), "asserted": asserted}


def delete_status_page(by: Actor, page: StatusPage) -> None:
    """Delete a page with what was shown on it."""
    with change(by, "status_page.deleted", None, needs=Action.MANAGE, team=page.team) as made:
        made.note(name=page.name, slug=page.slug)
        made.touch("status-pages")
        page.delete()


def assert_component(by: Actor, component: Component, state: str) -> None:
    """Say how a component is doing, apart from incidents.

    :raises Refused: an unknown state.
    """
    if state not in ComponentState.values:
        raise Refused(
            "There is no such state.", field="state", value=state, fix=f"Use one of {', '.join(ComponentState.values)}."
        )
    with change(by, "component.asserted", component, needs=Action.RESPOND, team=component.page.team) as made:
        made.note(before=component.asserted, after=state)
        component.asserted = state
        component.save(update_fields=["asserted"])
        made.touch(f"status:{component.page_id}")


def publish(
    by: Actor,
    update: Update,
    pages: Sequence[StatusPage | str],
    impacts: Mapping[int, str] | None = None,
    title: str = "",
) -> list[PublicIncident]:
    """Show an update on pages. The first makes the public incident; the one of the stage "resolved" ends it.

    ``impacts`` are states by component id; without it, components of the incident's services get what its severity says.

    :raises Refused: the incident is a drill, or private.
    :raises NotFound: no such page.
    """
    incident = update.incident
    if incident.drill or incident.private:
        raise Refused(
            "A drill or a private incident is never shown to strangers.",
            field="pages",
            value=str(incident),
            fix="Publish the update without a status page.",
        )
    shown = []
    for page in map(_page, pages):
        with change(by, "update.published", update, needs=Action.RESPOND, team=incident.team) as made:
            public, created = PublicIncident.objects.get_or_create(
                page=page,
                incident=incident,
                defaults={"title": title or _public_title(incident.services.all()), "opened_at": update.published_at},
            )
            if impacts is not None or created:
                _set_impacts(public, impacts)
            public.resolved_at = update.published_at if update.stage == Update.Stage.RESOLVED else None
            public.save(update_fields=["resolved_at"])
            PublishedUpdate.objects.get_or_create(public_incident=public, update=update)
            made.note(page=page.slug)
            made.touch(f"status:{page.pk}", f"incident:{incident.pk}")
        shown.append(public)
    return shown


def _page(page: StatusPage | str) -> StatusPage:
    if isinstance(page, StatusPage):
        return page
    found = StatusPage.objects.filter(slug=page).first()
    if found is None:
        raise NotFound(
            f"There is no status page {page!r}.", field="pages", value=page, fix="See the list of status pages."
        )
    return found


def _public_title(services: Any) -> str:
    names = ", ".join(service.name for service in services)
    return f"Problems with {names}"[:200] if names else "We are looking into a problem"


def _set_impacts(public: PublicIncident, impacts: Mapping[int, str] | None) -> None:
    components = Component.objects.filter(page=public.page)
    if impacts is None:
        chosen = components.filter(service__in=public.incident.services.all())
        wanted = {component.pk: impact_of(public.incident.severity) for component in chosen}
    else:
        wanted = {
            pk: state for pk, state in impacts.items() if state in ComponentState.values and state != "operational"
        }
    public.impacts.all().delete()
    ComponentImpact.objects.bulk_create(
        ComponentImpact(public_incident=public, component=component, state=wanted[component.pk])
        for component in components.filter(pk__in=wanted)
    )
