"""From an insight to somebody who acts on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from ..accounts.actors import SYSTEM, Actor
from ..accounts.changes import change
from ..accounts.models import Person, Team
from ..accounts.queries import managers_of
from ..accounts.roles import Action
from ..actions.commands import create
from ..actions.models import ActionItem
from ..intake.commands import save_route
from ..intake.matchers import Matcher
from ..intake.models import Alert, AlertGroup, Route
from ..intake.routing import tree
from ..intake.rules import Outcome, routes_of
from ..kernel import clock
from ..kernel.db import claimable
from ..kernel.errors import NotAllowed, NotFound, Refused
from ..paging.commands import notify
from ..paging.models import Notification
from .models import WeeklyList
from .queries import window
from .rules.weekly import in_words, next_monday
from .worth import alert_rules

DUE_IN = timedelta(days=14)
_DAYS = 91
_TITLE = "Fix the alert "
_SAMPLES = 200  # alerts on which a new route is tried


def fix_alert(by: Actor, *, rule: str, team: Team) -> ActionItem:
    """Make it somebody's task (one's own, at first) to mend a kind of alert, with what is known about it. One that is open
    already is given instead of a second.

    :raises NotFound: no such alert has fired in three months.
    :raises NotAllowed: only a person can own an action item.
    """
    if by.person is None:
        raise NotAllowed("Only a person can own an action item.", fix="Use a person's token.")
    score = next(iter(alert_rules(by, *window(_DAYS), team, rule=rule).scores if rule else ()), None)
    if score is None:
        raise NotFound(f"No alert {rule!r} has fired.", field="rule", value=rule, fix="See the alerts to fix.")
    title = f"{_TITLE}{rule}"[:200]
    open_already = ActionItem.objects.filter(
        title=title, team=team, state__in=(ActionItem.State.OPEN, ActionItem.State.DOING)
    ).first()
    if open_already is not None:
        return open_already
    facts = [
        f"In the last {_DAYS} days it fired {score.fires} times and paged {score.pages} times "
        f"({score.night_pages} at night); {score.pages_for_nothing} of these pages were for nothing.",
        *score.advice,
    ]
    return create(
        by,
        title=title,
        owner=by.person,
        due_on=(clock.now() + DUE_IN).date(),
        kind=ActionItem.Kind.DETECT,
        description="\n".join(facts),
        team=team,
    )


def accept_wait(by: Actor, *, rule: str, team: Team, days: int = 28) -> Route:
    """Let paging for a kind of alert wait for as long as is suggested: a route below the one that takes it now, which
    changes nothing else. Where other teams have the same alert, it is everybody's route.

    :raises NotFound: no wait is suggested for such an alert.
    :raises Refused: a route below the present one would change more than the wait.
    """
    start, end = window(days)
    score = next(iter(alert_rules(by, start, end, team, rule=rule).scores if rule else ()), None)
    if score is None or score.wait is None:
        raise NotFound(
            f"No wait is suggested for {rule!r}.",
            field="rule",
            value=rule,
            fix="See the alerts to fix, or edit a route.",
        )
    groups = AlertGroup.objects.filter(rule=rule, opened_at__gte=start, drill=False)
    alone = not groups.exclude(team=team).exists()
    seen = Alert.objects.filter(group__in=groups.values("pk"), labels__alertname=rule).order_by("-id")
    samples: list[dict[str, str]] = list(seen.values_list("labels", flat=True)[:_SAMPLES])
    routes = tree()
    before = [routes_of(routes, labels) for labels in samples]
    own = seen.filter(group__team=team).values_list("labels", flat=True)[0]
    parent = Route.objects.filter(pk=routes_of(routes, own)[0].route).first()
    with transaction.atomic():
        made = save_route(
            by,
            None,
            name=f"{rule[:60]} of {team.slug[:20]} waits {score.wait.minutes} min",
            parent=parent,
            position=Route.objects.filter(parent=parent).count(),
            team=team if alone else None,
            matchers=[str(Matcher("alertname", "=", rule))],
            group_wait_seconds=score.wait.seconds,
            # These are not inherited.
            mute_intervals=parent.mute_intervals if parent else (),
            active_intervals=parent.active_intervals if parent else (),
        )
        routes = tree()
        after = [routes_of(routes, labels) for labels in samples]
        if [_but_the_wait(each) for each in after] != [_but_the_wait(each) for each in before]:
            raise Refused(
                "A route for this alert alone would change more than its wait.",
                field="rule",
                value=rule,
                fix="Set the group wait of the routes that take it by hand.",
            )
    return made


def _but_the_wait(outcomes: list[Outcome]) -> list[Outcome]:
    return [replace(each, route=0, path=(), group_wait_seconds=0) for each in outcomes]


def set_weekly_list(by: Actor, team: Team, on: bool) -> None:
    """Have the managers of a team told on Mondays which of its alerts to fix, or no longer. Twice changes nothing."""
    with change(by, f"weekly_list.{'on' if on else 'off'}", team, needs=Action.MANAGE, team=team) as made:
        if on:
            WeeklyList.objects.get_or_create(team=team, defaults={"due_at": _next_list(managers_of(team), made.at)})
        else:
            WeeklyList.objects.filter(team=team).delete()
        made.due()


def _next_list(readers: list[Person], after: datetime) -> datetime:
    return next_monday(after, ZoneInfo(readers[0].timezone if readers else "UTC"))


_more: list[Callable[[Team, datetime], list[str]]] = []


def adds_to_weekly_list(more: Callable[[Team, datetime], list[str]]) -> None:
    """From now on the weekly list of a team also says what ``more`` answers for it and the beginning of its week. The packages
    above register when Django starts."""
    _more.append(more)


def send_weekly_list() -> bool:
    """Send one list that is due, and say whether there was one. Where nothing paged for nothing and nothing else is to be said,
    nothing is sent."""
    now = clock.now()
    with transaction.atomic():
        row = claimable(WeeklyList.objects.filter(due_at__lte=now).select_related("team").order_by("due_at")).first()
        if row is None:
            return False
        open_items = ActionItem.objects.filter(
            team=row.team, title__startswith=_TITLE, state__in=(ActionItem.State.OPEN, ActionItem.State.DOING)
        )
        owners = {item.title.removeprefix(_TITLE): str(item.owner) for item in open_items.select_related("owner")}
        alerts = in_words(alert_rules(SYSTEM, *window(7), row.team).scores, owners)
        others = [line for more in _more for line in more(row.team, now - timedelta(days=7))]
        lines = ["In the last seven days:", *alerts] if alerts else []
        lines += ["", *others] if alerts and others else others
        readers = managers_of(row.team)
        for person in readers if lines else ():
            notify(
                person,
                purpose=Notification.Purpose.REMINDER,
                subject=f"Alerts to fix in {row.team}" if alerts else f"What {row.team} still lacks",
                body="\n".join(lines),
                path=f"/insights?days=7&team={row.team.slug}" if alerts else f"/readiness/teams/{row.team.slug}",
                reason=f"weekly-list:{row.team_id}:{row.due_at.date()}",
            )
        row.due_at = _next_list(readers, now)
        row.save(update_fields=["due_at"])
    return True
