"""All that changes status pages and what is shown on them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from ..accounts.actors import Actor
from ..accounts.changes import change
from ..accounts.models import Team
from ..accounts.roles import Action
from ..catalog.models import Service
from ..incidents.models import Incident, Update
from ..kernel.db import locked
from ..kernel.errors import Conflict, NotFound, Refused
from .models import Component, ComponentImpact, ComponentState, PublicIncident, PublishedUpdate, StatusPage
from .rules import impact_of, public_title

SLUG = re.compile(r"[-a-zA-Z0-9_]{1,64}")


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
    """Create a page or change it. A component is ``{"name", "service": slug or None, "description", "asserted", "id"}``.
    Those with the same id or name stay the same (an id lets one be renamed), others go. Without ``asserted``, what
    people say of a component stays as it is.

    :raises Refused: no name, a component without a name or twice, an unknown service or state.
    :raises Conflict: another page has this slug.
    """
    name = _text(name, field="name", most=100, fix="Give it the name that customers know.")
    rows = [_component(number, given) for number, given in enumerate(components)]
    names = [row["name"] for row in rows]
    if len(set(names)) < len(names):
        raise Refused(
            "Two components have the same name.", field="components", value=names, fix="Name each differently."
        )
    page = page or StatusPage()
    slug = slug or page.slug or slugify(name)[:64]
    if not SLUG.fullmatch(slug):
        raise Refused(
            "The address of a status page is made of letters, digits and hyphens.",
            field="slug",
            value=slug,
            fix="Give it a slug like shop-status.",
        )
    if page.pk:
        by.require(Action.MANAGE, page.team)
    action = "status_page.changed" if page.pk else "status_page.created"
    with change(by, action, page, needs=Action.MANAGE, team=team) as made:
        if StatusPage.objects.filter(slug=slug).exclude(pk=page.pk).exists():
            raise Conflict(
                f"There is already a status page {slug!r}.", field="slug", value=slug, fix="Choose another name."
            )
        page.team, page.name, page.slug, page.description, page.public = team, name, slug, description.strip(), public
        page.save()
        _save_components(page, rows)
        made.touch(f"status:{page.pk}", "status-pages")
    return page


def _save_components(page: StatusPage, rows: list[dict[str, Any]]) -> None:
    there = list(page.components.all())
    by_id, by_name = {each.pk: each for each in there}, {each.name: each for each in there}
    kept: list[Component] = []
    for position, row in enumerate(rows):
        component = by_id.get(row.pop("id")) or by_name.get(row["name"])
        if component is None or component in kept:
            component = Component(page=page)
        for field, value in row.items():
            setattr(component, field, value)
        component.position = position
        kept.append(component)
    page.components.exclude(pk__in=[each.pk for each in kept if each.pk]).delete()
    # Two may have swapped their names: free all names first, so that none is there twice on the way.
    for component in kept:
        if component.pk and by_id[component.pk] is component:
            Component.objects.filter(pk=component.pk).update(name=f"(renaming {component.pk})")
    for component in kept:
        component.save()


def _component(number: int, given: Mapping[str, Any]) -> dict[str, Any]:
    where = f"components[{number}]"
    row: dict[str, Any] = {
        "id": given.get("id"),
        "name": _text(str(given.get("name") or ""), field=f"{where}.name", most=100, fix="Name what customers use."),
        "service": None,
        "description": str(given.get("description") or "").strip(),
    }
    if len(row["description"]) > 200:
        raise Refused(
            "That is too long.",
            field=f"{where}.description",
            value=row["description"],
            fix="Use at most 200 characters.",
        )
    if given.get("service"):
        row["service"] = Service.objects.filter(slug=given["service"]).first()
        if row["service"] is None:
            raise Refused(
                "There is no such service.",
                field=f"{where}.service",
                value=given["service"],
                fix="See the list of services.",
            )
    if given.get("asserted"):
        row["asserted"] = _state(given["asserted"], field=f"{where}.asserted")
    return row


def _text(text: str, *, field: str, most: int, fix: str) -> str:
    text = " ".join(text.split())
    if not text:
        raise Refused("The name is empty.", field=field, value="", fix=fix)
    if len(text) > most:
        raise Refused("The name is too long.", field=field, value=text, fix=f"Use at most {most} characters.")
    return text


def _state(state: str, *, field: str) -> str:
    if state not in ComponentState.values:
        raise Refused(
            "There is no such state.", field=field, value=state, fix=f"Use one of {', '.join(ComponentState.values)}."
        )
    return state


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
    _state(state, field="state")
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
        _must_be_for_strangers(incident)
        for page in rows:
            # A responder of the incident's team may tell strangers, and one of the team that keeps the page.
            team = incident.team if by.may(Action.RESPOND, incident.team) else page.team
            with change(by, "update.shown", update, needs=Action.RESPOND, team=team) as made:
                shown.append(_show(page, incident, update, impacts, title))
                made.note(page=page.slug)
                made.touch(f"status:{page.pk}", "status-pages", f"incident:{incident.pk}")
    return shown


def _must_be_for_strangers(incident: Incident) -> None:
    if incident.drill or incident.private:
        raise Refused(
            "A drill or a private incident is never shown to strangers.",
            field="pages",
            value=str(incident),
            fix="Publish the update without a status page.",
        )


def _show(
    page: StatusPage, incident: Incident, update: Update, impacts: Mapping[int, str] | None, title: str
) -> PublicIncident:
    public, created = PublicIncident.objects.get_or_create(
        page=page, incident=incident, defaults={"title": title or "…", "opened_at": update.published_at}
    )
    PublishedUpdate.objects.get_or_create(public_incident=public, update=update)
    if impacts is not None or created:
        _set_impacts(public, impacts)
    if title or created:
        public.title = title or public_title(public.impacts.values_list("component__name", flat=True))
    # Updates may be shown in another order than they were written in: the latest one says how it stands.
    told = list(Update.objects.filter(publications__public_incident=public).order_by("published_at", "id"))
    public.opened_at = min(public.opened_at, told[0].published_at)
    public.resolved_at = told[-1].published_at if told[-1].stage == Update.Stage.RESOLVED else None
    public.save()
    return public


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
        _state(state, field=f"impacts[{pk}]")
    known = set(Component.objects.filter(page__in=pages).values_list("pk", flat=True))
    if unknown := next((pk for pk in impacts or {} if int(pk) not in known), None):
        raise Refused(
            "There is no such component on these pages.",
            field="impacts",
            value=unknown,
            fix="Use ids of components of the pages.",
        )


def _set_impacts(public: PublicIncident, impacts: Mapping[int, str] | None) -> None:
    components = Component.objects.filter(page=public.page)
    if impacts is None:
        chosen = components.filter(service__in=public.incident.services.all())
        wanted = {component.pk: impact_of(public.incident.severity) for component in chosen}
    else:
        wanted = {int(pk): state for pk, state in impacts.items() if state != ComponentState.OPERATIONAL}
    public.impacts.all().delete()
    ComponentImpact.objects.bulk_create(
        ComponentImpact(public_incident=public, component=component, state=wanted[component.pk])
        for component in components.filter(pk__in=wanted)
    )
