"""From an insight to somebody who acts on it."""

from __future__ import annotations

from datetime import timedelta

from ..accounts.actors import Actor
from ..accounts.models import Team
from ..actions.commands import create
from ..actions.models import ActionItem
from ..kernel import clock
from ..kernel.errors import NotAllowed, NotFound
from .queries import alert_rules, window

DUE_IN = timedelta(days=14)
_DAYS = 91


def fix_alert(by: Actor, *, rule: str, team: Team) -> ActionItem:
    """Make it somebody's task (one's own, at first) to mend a kind of alert, with what is known about it. One that is open
    already is given instead of a second.

    :raises NotFound: no such alert has fired in three months.
    :raises NotAllowed: only a person can own an action item.
    """
    if by.person is None:
        raise NotAllowed("Only a person can own an action item.", fix="Use a person's token.")
    score = next((each for each in alert_rules(by, *window(_DAYS), team) if each.rule == rule), None)
    if score is None:
        raise NotFound(f"No alert {rule!r} has fired.", field="rule", value=rule, fix="See the alerts to fix.")
    title = f"Fix the alert {rule}"[:200]
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
