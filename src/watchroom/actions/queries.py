"""Reads about action items."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from ..accounts.actors import Actor, acting
from ..accounts.models import Membership, Person
from ..accounts.roles import Action, Role
from ..connectors.issues import Issues
from ..evidence.commands.connections import GROUP
from ..evidence.models import Connection
from ..incidents import queries as incidents
from ..kernel import clock
from ..kernel.finding import one
from ..kernel.numbers import whole
from ..kernel.plugins import all_of
from . import rules
from .models import ActionItem

OPEN = ("open", "doing")
# What is open is reminded of, says the table's own constraint; and these few have an index of their own.
IS_OPEN = Q(state__in=OPEN, remind_at__isnull=False)


def visible_to(actor: Actor) -> QuerySet[ActionItem]:
    """Action items that ``actor`` may read: those of incidents that they may read, and their own."""
    if not actor.may(Action.SEE):
        return ActionItem.objects.none()
    seen = incidents.seen_by(actor, "incident__") | Q(incident__isnull=True)
    if actor.person is not None:
        seen |= Q(owner=actor.person)
    return ActionItem.objects.filter(seen).select_related(
        "incident__team", "team", "owner", "created_by", "issue__connection"
    )


def filtered(actor: Actor, items: QuerySet[ActionItem], filters: Mapping[str, str]) -> QuerySet[ActionItem]:
    """Narrowed by ``show`` (mine, open, overdue, done or empty for all), ``team`` (slug), ``incident`` (number) and
    ``q`` (words)."""
    show = filters.get("show", "")
    if show == "mine":
        items = items.filter(IS_OPEN, owner=actor.person) if actor.person else items.none()
    elif show == "open":
        items = items.filter(IS_OPEN)
    elif show == "overdue":
        items = items.filter(IS_OPEN, due_on__lt=clock.now().date())
    elif show == "done":
        items = items.exclude(state__in=OPEN)
    if team := filters.get("team", ""):
        items = items.filter(team__slug=team)
    if text := filters.get("incident", ""):
        number = whole(text)
        items = items.none() if number is None else items.filter(incident_id=number)
    if words := filters.get("q", "").strip():
        items = items.filter(Q(title__icontains=words) | Q(description__icontains=words))
    return items


def overdue_first(items: QuerySet[ActionItem], show: str = "") -> QuerySet[ActionItem]:
    """What is still to be done by its date, so that the overdue stand first; then what has ended. ``show`` is that of
    :func:`filtered`: where only open ones are left, they come as their index has them."""
    if show in {"mine", "open", "overdue"}:
        return items.order_by("due_on", "priority", "id")
    ended = Case(When(state__in=OPEN, then=Value(0)), default=Value(1), output_field=IntegerField())
    return items.annotate(ended_rank=ended).order_by("ended_rank", "due_on", "priority", "id")


def item_for(actor: Actor, pk: int) -> ActionItem:
    """One action item.

    :raises NotFound: there is none, or ``actor`` may not see it.
    """
    return one(visible_to(actor), "action item", pk=pk)


def is_overdue(item: ActionItem) -> bool:
    """Whether it should have been done by now, where its owner lives."""
    return item.is_open and rules.is_overdue(item.due_on, rules.zone_of(item.owner.timezone), clock.now())


def unheeded(item: ActionItem) -> int:
    """How many reminders it has had since the day on which it is due was over."""
    over = rules.morning(item.due_on + timedelta(days=1), rules.zone_of(item.owner.timezone))
    return item.events.filter(kind="reminded", at__gte=over).count()


def managers_of(item: ActionItem) -> list[Person]:
    """The managers of its team who are here and may see it, without its owner."""
    if item.team_id is None:
        return []
    rows = Membership.objects.filter(team_id=item.team_id, role__gte=Role.MANAGER, person__is_active=True)
    people = [row.person for row in rows.exclude(person_id=item.owner_id).select_related("person")]
    return [person for person in people if visible_to(acting(person)).filter(pk=item.pk).exists()]


def tracker_kinds() -> list[str]:
    """The kinds of connections that keep issues."""
    return [name for name, connector in all_of(GROUP).items() if isinstance(connector, Issues)]


def tracker_of(connection: Connection) -> Issues | None:
    """What speaks to this connection, if it keeps issues."""
    connector = all_of(GROUP).get(connection.kind)
    return connector if isinstance(connector, Issues) else None


def trackers() -> QuerySet[Connection]:
    """Connections that keep issues."""
    return Connection.objects.filter(kind__in=tracker_kinds()).select_related("team")


def trackers_for(actor: Actor, item: ActionItem) -> list[Connection]:
    """Where ``actor`` may make an issue of it: its team's, else those of all of their teams."""
    found = [each for each in trackers() if actor.may(Action.RESPOND, each.team)]
    return [each for each in found if each.team_id == item.team_id] or found
