"""Bridges and plans: saved and deleted. Venues: asked for, tried again, closed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import ProtectedError

from ..accounts.actors import Actor
from ..accounts.changes import Change, change
from ..accounts.models import Team
from ..accounts.roles import Action
from ..bridges.base import Bridge as Plugin
from ..incidents.commands import acting_in, must_be_open, write_system
from ..incidents.models import Incident, IncidentType
from ..kernel.asked import with_kept_secrets
from ..kernel.checks import chosen, within, written
from ..kernel.db import locked
from ..kernel.errors import Conflict, Refused
from ..kernel.names import only_one, short_name
from ..kernel.plugins import one_of
from ..workspaces.models import Workspace
from ..workspaces.queries import product_of
from . import queries
from .models import Bridge, Venue, VenuePlan
from .queries import needed_for

GROUP = "watchroom.bridges"
State = Venue.State


def _may(by: Actor, row: Bridge | VenuePlan, team: Team | None) -> Action:
    """What is needed, also for what it was before. Raises ``NotAllowed``."""
    if row.pk is not None:
        by.require(needed_for(row), row.team)
    needs = Action.MANAGE if team is not None else Action.ADMINISTER
    by.require(needs, team)
    return needs


def save_bridge(
    by: Actor,
    bridge: Bridge | None,
    *,
    team: Team | None,
    kind: str,
    name: str,
    slug: str = "",
    settings: dict[str, Any],
    secrets_follow: bool = False,
) -> Bridge:
    """Let calls be opened somewhere, or change how. A secret that is left out stays what it was while the addresses stay
    the same. ``secrets_follow``: what is missing is set later.

    :raises Refused: no name, an unknown kind, or settings that it does not accept.
    :raises Conflict: another bridge has this slug.
    """
    name = written(name, "A bridge needs a name", 100, field="name", fix="Give it one.")
    row = bridge or Bridge()
    needs = _may(by, row, team)
    if row.pk is not None and row.kind != kind:
        raise Refused("The kind of a bridge can't be changed.", field="kind", value=kind, fix="Make a new one.")
    plugin: Plugin = one_of(GROUP, kind)
    checked = _checked(plugin, settings, row.settings if row.pk else {}, secrets_follow=secrets_follow)
    slug = short_name(slug, before=row.slug, name=name, otherwise=kind, among=Bridge.objects)
    with change(by, "bridge.changed" if row.pk else "bridge.created", row, needs=needs, team=team) as made:
        row.team, row.kind, row.name, row.slug, row.settings = team, kind, name, slug, checked
        with only_one("bridge", slug=slug):
            row.save()
        made.note(kind=kind, slug=slug)
    return row


def _checked(plugin: Plugin, given: dict[str, Any], before: dict[str, Any], *, secrets_follow: bool) -> dict[str, Any]:
    filled = with_kept_secrets(plugin.fields, given, before)
    if secrets_follow and any(each.secret and not filled.get(each.name) for each in plugin.fields):
        return {name: str(value) for name, value in filled.items() if value}
    return plugin.check(filled)


def delete_bridge(by: Actor, bridge: Bridge) -> None:
    """Open no calls there any more.

    :raises Conflict: a plan uses it.
    """
    with change(by, "bridge.deleted", bridge, needs=needed_for(bridge), team=bridge.team) as made:
        made.note(name=bridge.name, slug=bridge.slug)
        made.subject = None
        try:
            bridge.delete()
        except ProtectedError as error:
            users = ", ".join(sorted(str(each) for each in error.protected_objects)[:5])
            raise Conflict(f"Still used: {users}.", fix="Take it out of those plans first.") from None


def try_bridge(by: Actor, bridge: Bridge) -> str:
    """Ask something small that changes nothing. Returns what was answered.

    :raises WatchroomError: it does not work, and why.
    """
    by.require(needed_for(bridge), bridge.team)
    plugin: Plugin = one_of(GROUP, bridge.kind)
    return plugin.try_it(plugin.check(dict(bridge.settings)))


def save_plan(
    by: Actor,
    plan: VenuePlan | None,
    *,
    team: Team | None,
    name: str,
    slug: str = "",
    workspace: Workspace | None = None,
    bridge: Bridge | None = None,
    least_severity: int = 2,
    types: Sequence[str] = (),
    private: bool = False,
    drills: bool = False,
) -> VenuePlan:
    """Say where people of an incident meet, and for which incidents that is made by itself.

    :raises Refused: neither a chat nor a bridge, a chat without rooms, or an unknown type.
    :raises Conflict: another plan has this slug.
    """
    name = written(name, "A plan needs a name", 100, field="name", fix="Give it one.")
    row = plan or VenuePlan()
    needs = _may(by, row, team)
    if workspace is None and bridge is None:
        raise Refused("It offers nothing.", field="workspace", value="", fix="Choose a chat, a bridge, or both.")
    if workspace is not None and not product_of(workspace).rooms:
        raise Refused(
            f"No channels can be made in {workspace}.",
            field="workspace",
            value=workspace.slug,
            fix="Use a Slack, Mattermost or Matrix workspace.",
        )
    for field, thing in (("workspace", workspace), ("bridge", bridge)):
        if thing is not None and thing.team_id is not None and (team is None or thing.team_id != team.pk):
            raise Refused(
                f"{thing} belongs to another team.", field=field, value=thing.slug, fix="Use one of the same team."
            )
    within(least_severity, 0, 5, "severity", field="least_severity", fix="Use 1 (worst) to 5, or 0.")
    wanted = sorted(set(types))
    known = set(IncidentType.objects.filter(slug__in=wanted).values_list("slug", flat=True))
    if missing := [each for each in wanted if each not in known]:
        raise Refused("There is no such incident type.", field="types", value=missing[0], fix="See /incident-types.")
    slug = short_name(slug, before=row.slug, name=name, otherwise="plan", among=VenuePlan.objects)
    with change(by, "venue_plan.changed" if row.pk else "venue_plan.created", row, needs=needs, team=team) as made:
        row.team, row.name, row.slug, row.workspace, row.bridge = team, name, slug, workspace, bridge
        row.least_severity, row.types, row.private, row.drills = least_severity, wanted, private, drills
        with only_one("plan", slug=slug):
            row.save()
        made.note(slug=slug)
    return row


def delete_plan(by: Actor, plan: VenuePlan) -> None:
    """Venues that are open stay so."""
    with change(by, "venue_plan.deleted", plan, needs=needed_for(plan), team=plan.team) as made:
        made.note(name=plan.name, slug=plan.slug)
        made.subject = None
        plan.delete()


def ask_for(by: Actor, incident: Incident, kind: str) -> Venue:
    """Have a channel (``chat``) or a call (``call``) made, by the plan that fits. Asking twice is asking once; what was
    closed is made anew.

    :raises Refused: no such kind, or nobody has said where.
    :raises Conflict: the incident is resolved.
    """
    chosen(kind, Venue.Kind.values, "venue", field="kind")
    plan = queries.plan_for(incident, kind, by_itself=False)
    if plan is None:
        what = "channel" if kind == "chat" else "call"
        raise Refused(
            f"Nobody has said where a {what} is made for incidents like this.",
            field="kind",
            value=kind,
            fix="A manager or an administrator does at /venues.",
        )
    with acting_in(by, "venue.asked_for", incident) as (made, row):
        must_be_open(row, "nobody needs to meet for it")
        venue = begin(made, row, kind, plan)
        made.note(kind=kind)
    return venue


def begin(made: Change, incident: Incident, kind: str, plan: VenuePlan) -> Venue:
    """A venue, about to be made by the engine. Inside the caller's transaction, with the incident locked."""
    venue = locked(Venue.objects.filter(incident=incident, kind=kind)).first() or Venue(incident=incident, kind=kind)
    if venue.pk is not None and venue.state in {State.ASKED, State.OPEN}:
        return venue
    venue.workspace = plan.workspace if kind == Venue.Kind.CHAT else None
    venue.bridge = plan.bridge if kind == Venue.Kind.CALL else None
    venue.state, venue.error, venue.tries, venue.asked_at, venue.due_at = State.ASKED, "", 0, made.at, made.at
    venue.room = venue.name = venue.url = venue.topic = ""
    venue.invited, venue.opened_at, venue.closing = [], None, False
    venue.save()
    venue.lines.all().delete()
    made.due()
    return venue


def retry(by: Actor, venue: Venue) -> Venue:
    """Try again at once what went wrong."""
    with acting_in(by, "venue.retried", venue.incident) as (made, _):
        row = locked(Venue.objects.filter(pk=venue.pk)).get()
        if row.state == State.FAILED:
            row.state = State.OPEN if row.room or row.url else State.ASKED
        if row.state != State.CLOSED:
            row.tries, row.error, row.due_at = 0, "", made.at
            row.save()
            made.due()
        made.note(kind=row.kind)
    return row


def close(by: Actor, venue: Venue) -> Venue:
    """Archive a channel, or end a call, now: the engine does."""
    with acting_in(by, "venue.closed", venue.incident) as (made, incident):
        row = locked(Venue.objects.filter(pk=venue.pk)).get()
        if row.state in {State.ASKED, State.FAILED} and not row.room:
            row.state, row.due_at = State.CLOSED, None
            row.save()
        elif row.state != State.CLOSED:
            row.state, row.tries, row.error, row.due_at = State.OPEN, 0, "", made.at
            row.closing = True
            row.save()
            made.due()
        write_system(incident, "venue.closed", f"{by.name} closed {row}", {"venue": row.pk}, made.at, by=by)
        made.note(kind=row.kind)
    return row
