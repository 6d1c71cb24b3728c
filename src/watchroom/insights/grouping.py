"""Suggestions to group alerts that always fire together: how they are found, accepted and dismissed.

What is looked at is bounded: the newest alert groups of thirty days, with two alerts of each, once a day. However many
signals are stored, it costs the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery

from ..accounts.actors import Actor
from ..accounts.changes import change
from ..accounts.models import Team
from ..accounts.roles import Action
from ..intake.commands import SeverityRule, save_route
from ..intake.matchers import Matcher
from ..intake.models import Alert, AlertGroup, Route
from ..intake.routing import tree
from ..intake.rules import Outcome, outcomes_by_route, routes_of
from ..kernel import clock
from ..kernel.db import announce, claimable, locked
from ..kernel.errors import Conflict, Refused
from ..kernel.finding import one
from ..paging.models import Escalation, Notification
from .models import GroupingSuggestion, GroupingTurn
from .rules.together import Opening, Together, messages, suggestions
from .worth import REACHED

EVERY = timedelta(days=1)
BACK = timedelta(days=30)
LOOKED_AT = 5_000
_SAMPLES = 200
State = GroupingSuggestion.State


def next_look() -> datetime | None:
    """When to look next; at once on the first start."""
    due = GroupingTurn.objects.order_by("due_at").values_list("due_at", flat=True).first()
    return due if due is not None else clock.now()


def look() -> int:
    """Look which alerts fire together, and write down what is suggested."""
    now = clock.now()
    with transaction.atomic():
        row = claimable(GroupingTurn.objects.filter(pk=1)).first()
        if row is None and GroupingTurn.objects.exists():
            return 0  # another engine looks
        if row is not None and row.due_at > now:
            return 0
        GroupingTurn.objects.update_or_create(pk=1, defaults={"due_at": now + EVERY})
    found = {place: suggestions(rows) for place, rows in _openings(now).items()}
    with transaction.atomic():
        _write(found, now)
    return 1


def _openings(now: datetime) -> dict[tuple[int | None, int], list[Opening]]:
    """What opened lately, by route and team. An alert group is known by the labels that its first and its last alert
    share: a label that differs within one can't hold it together."""
    alerts = Alert.objects.filter(group=OuterRef("pk"))
    rows = (
        AlertGroup.objects.filter(opened_at__gt=now - BACK, drill=False, team__isnull=False)
        .order_by("-opened_at")
        .annotate(
            first=Subquery(alerts.order_by("id").values("labels")[:1]),
            last=Subquery(alerts.order_by("-id").values("labels")[:1]),
        )
        .values_list("pk", "opened_at", "group_key", "route_id", "team_id", "service_id", "first", "last")[:LOOKED_AT]
    )
    found: dict[tuple[int | None, int], list[Opening]] = defaultdict(list)
    for pk, at, key, route, team, service, first, last in rows:
        labels = {name: value for name, value in (first or {}).items() if (last or {}).get(name) == value}
        if rule := labels.get("alertname"):
            found[route, team].append(Opening(at, pk, key, rule, service or 0, labels))
    return found


def _write(found: dict[tuple[int | None, int], list[Together]], now: datetime) -> None:
    """Bring what is open up to date. What was decided stays, and is not asked about again."""
    decided: dict[tuple[int | None, int, str], set[str]] = defaultdict(set)
    open_ones: dict[tuple[int | None, int, str], GroupingSuggestion] = {}
    for row in locked(GroupingSuggestion.objects.all()):
        if row.state == State.OPEN:
            open_ones[row.route_id, row.team_id, row.label] = row
        else:
            decided[row.route_id, row.team_id, row.label] |= set(row.rules)
    received = _received({group for _, each in _flat(found) for groups in each.occasions for group in groups})
    outcomes = outcomes_by_route(tree())
    teams = set(Team.objects.values_list("pk", flat=True))
    for (route, team), each in _flat(found):
        outcome = outcomes.get(route or 0)
        if outcome is None or team not in teams:
            continue  # it was deleted meanwhile
        if tuple(outcome.group_by) == (each.label,) or decided[route, team, each.label] & set(each.rules):
            continue
        place = (route, team, each.label)
        row = open_ones.pop(place) if place in open_ones else GroupingSuggestion(route_id=route, team_id=team)
        row.label = each.label
        row.rules, row.alerts, row.times, row.together = list(each.rules), each.alerts, each.times, each.together
        row.groups, row.examples, row.days, row.counted_at = each.groups, list(each.examples), BACK.days, now
        row.messages, row.messages_grouped = messages(each.occasions, received)
        row.whole = each.whole and _alone(found, route, team)
        row.save()
    GroupingSuggestion.objects.filter(pk__in=[row.pk for row in open_ones.values()]).delete()
    announce({"grouping"})


def _received(groups: set[int]) -> dict[int, set[int]]:
    """The messages that reached people about these alert groups; what went as one message has the id of its first."""
    found: dict[int, set[int]] = defaultdict(set)
    wanted = sorted(groups)
    for start in range(0, len(wanted), 500):
        rows = Notification.objects.filter(
            purpose=Notification.Purpose.PAGE,
            state__in=REACHED,
            escalation__kind=Escalation.Kind.ALERT_GROUP,
            escalation__subject_id__in=wanted[start : start + 500],
        )
        for group, pk, bundle in rows.values_list("escalation__subject_id", "pk", "bundle_id"):
            if group is not None:
                found[group].add(bundle or pk)
    return found


def _flat(
    found: dict[tuple[int | None, int], list[Together]],
) -> Iterable[tuple[tuple[int | None, int], Together]]:
    return sorted(
        ((place, each) for place, several in found.items() for each in several), key=lambda one: one[1].spared
    )


def _alone(found: dict[tuple[int | None, int], list[Together]], route: int | None, team: int) -> bool:
    """Whether the route is one that can be changed, and no other team's alerts come through it."""
    return route is not None and all(other == team for place, other in found if place == route)


# --- Reads -----------------------------------------------------------------------------------------------------------


def suggestions_visible_to(actor: Actor) -> QuerySet[GroupingSuggestion]:
    """What ``actor`` may read."""
    rows = GroupingSuggestion.objects.select_related("route", "team", "decided_by", "made")
    return rows if actor.may(Action.SEE) else rows.filter(team__in=actor.teams_where(Action.SEE))


def suggestion_for(actor: Actor, pk: int) -> GroupingSuggestion:
    """One suggestion.

    :raises NotFound: there is none that ``actor`` may see; it may have been counted anew.
    """
    return one(
        suggestions_visible_to(actor), "grouping suggestion", pk=pk, fix="See the list: it is counted anew every day."
    )


def effect(row: GroupingSuggestion) -> str:
    """What accepting it does, in a sentence."""
    if row.whole:
        return f"The route {row.route} groups by {row.label}."
    place = f"below {row.route}" if row.route else "after all others"
    return f"A new route {place} takes {', '.join(row.rules)}, and groups by {row.label}. Nothing else changes."


# --- Commands --------------------------------------------------------------------------------------------------------


def accept(by: Actor, row: GroupingSuggestion) -> GroupingSuggestion:
    """Group as it is suggested: the route is changed where nothing else goes through it, else one is made below it.

    :raises Conflict: it has been decided.
    :raises Refused: a route for these alerts would change more than how they are grouped.
    """
    with change(by, "grouping.accepted", row, needs=Action.MANAGE, team=row.team) as made:
        _still_open(row)
        row.made = _change(by, row) if row.whole and row.route is not None else _add(by, row)
        _decide(by, row, State.ACCEPTED, made.at)
        made.note(label=row.label, rules=row.rules, route=row.made.name)
        made.touch("grouping")
    return row


def dismiss(by: Actor, row: GroupingSuggestion) -> GroupingSuggestion:
    """They stay as they are; it is not suggested again.

    :raises Conflict: it has been decided.
    """
    with change(by, "grouping.dismissed", row, needs=Action.MANAGE, team=row.team) as made:
        _still_open(row)
        _decide(by, row, State.DISMISSED, made.at)
        made.note(label=row.label, rules=row.rules)
        made.touch("grouping")
    return row


def _still_open(row: GroupingSuggestion) -> None:
    now = locked(GroupingSuggestion.objects.filter(pk=row.pk)).first()
    if now is None:
        raise Conflict("It has been counted anew meanwhile.", fix="Look at the list again.")
    if now.state != State.OPEN:
        raise Conflict(f"It is {now.get_state_display().lower()} already.", fix="Change the route itself.")


def _decide(by: Actor, row: GroupingSuggestion, state: str, at: datetime) -> None:
    row.state, row.decided_at, row.decided_by = state, at, by.person
    row.save(update_fields=["state", "decided_at", "decided_by", "made"])


def _change(by: Actor, row: GroupingSuggestion) -> Route:
    route = row.route
    assert route is not None
    severities = route.severities
    return save_route(
        by,
        route,
        name=route.name,
        parent=route.parent,
        position=route.position,
        team=route.team,
        matchers=route.matchers,
        goes_on=route.goes_on,
        group_by=[row.label],
        group_wait_seconds=route.group_wait_seconds,
        group_interval_seconds=route.group_interval_seconds,
        repeat_interval_seconds=route.repeat_interval_seconds,
        service=route.service,
        service_label=route.service_label,
        policy=route.policy,
        urgency=route.urgency,
        severities=None if severities is None else [SeverityRule(**each) for each in severities],
        mute_intervals=route.mute_intervals,
        active_intervals=route.active_intervals,
        low_urgency_intervals=route.low_urgency_intervals,
    )


def _add(by: Actor, row: GroupingSuggestion) -> Route:
    """A route for these alerts below the one that takes them, checked on alerts that really came: only how they are grouped
    may change."""
    names = sorted(row.rules)
    test = Matcher("alertname", "=", names[0])
    if len(names) > 1:
        test = Matcher("alertname", "=~", "|".join(_literally(name) for name in names))
    groups = AlertGroup.objects.filter(rule__in=names, drill=False).order_by("-id")[:_SAMPLES]
    newest = Alert.objects.filter(group=OuterRef("pk")).order_by("-id").values("labels")[:1]
    samples = [found for found in groups.annotate(seen=Subquery(newest)).values_list("seen", flat=True) if found]
    alone = not AlertGroup.objects.filter(rule__in=names, drill=False).exclude(team=row.team).exists()
    parent = row.route
    routes = tree()
    before = [routes_of(routes, labels) for labels in samples]
    made = save_route(
        by,
        None,
        name=f"{names[0][:50]} and others of {row.team.slug[:20]} by {row.label[:20]}"[:100],
        parent=parent,
        position=1 + max(Route.objects.filter(parent=parent).values_list("position", flat=True), default=-1),
        team=row.team if alone else None,  # what changes others' alerts is not for one team to decide
        matchers=[str(test)],
        group_by=[row.label],
        # These are not inherited.
        mute_intervals=parent.mute_intervals if parent else (),
        active_intervals=parent.active_intervals if parent else (),
    )
    routes = tree()
    after = [routes_of(routes, labels) for labels in samples]
    if [_but_grouping(each) for each in after] != [_but_grouping(each) for each in before]:
        raise Refused(
            "A route for these alerts alone would change more than how they are grouped.",
            field="id",
            value=row.pk,
            fix="Change how the routes that take them group by hand.",
        )
    return made


def _literally(name: str) -> str:
    """A text as RE2 reads it letter by letter."""
    return "".join(
        each if each.isalnum() or each in "_ -:" else f"\\{each}" if each.isascii() else each for each in name
    )


def _but_grouping(outcomes: list[Outcome]) -> list[Outcome]:
    return [replace(each, route=0, path=(), group_by=()) for each in outcomes]
