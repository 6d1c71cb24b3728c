"""Action items as issues of a tracker: made there by the engine, and kept in step with it."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction

from ...accounts.actors import SYSTEM, Actor
from ...accounts.changes import Change
from ...accounts.changes import change as changing
from ...accounts.roles import Action
from ...connectors import issues as trackers
from ...connectors.issues import Issues, TrackerFailed
from ...evidence.commands import note_outcome
from ...evidence.models import Connection
from ...kernel import clock
from ...kernel import settings as conf
from ...kernel.db import announce, claimable, locked
from ...kernel.errors import Conflict, NotFound, Refused, WatchroomError
from .. import queries, rules
from ..models import ActionItem, Issue
from ._shared import acting_on, say

LOOK_EVERY = timedelta(minutes=10)
_LEASE = timedelta(minutes=2)  # longer than all questions of one turn may take


def make_issue(by: Actor, item: ActionItem, connection: Connection) -> Issue:
    """Have the engine make an issue of it, at once.

    :raises Refused: this connection keeps no issues.
    :raises Conflict: it is one already, or has ended.
    """
    _tracker(connection)
    by.require(Action.RESPOND, connection.team)
    with acting_on(by, "action_item.changed", item) as (made, row):
        return _begin(made, row, connection)


def make_by_itself(made: Change, item: ActionItem) -> None:
    """Within the change that creates it: make an issue of it, where its team wants that of all."""
    incident = item.incident
    if item.team is None or (incident is not None and (incident.private or incident.drill)):
        return
    for connection in queries.trackers().filter(team=item.team):
        if connection.settings.get(trackers.BY_ITSELF.name) == trackers.ALL:
            _begin(made, item, connection)
            return


def link_issue(by: Actor, item: ActionItem, connection: Connection, said: str) -> Issue:
    """It is the issue that is ``said``, by its address or what it is called there; the tracker is asked now.

    :raises Refused: that is no issue there, or it is closed.
    :raises TrackerFailed: the tracker could not be asked.
    :raises Conflict: it is one already, or has ended.
    """
    tracker = _tracker(connection)
    by.require(Action.RESPOND, connection.team)
    found = tracker.named(connection.settings, said.strip())
    if not found.open:
        raise Refused(
            f"{found.key} is closed.", field="issue", value=said[:200], fix="Open it there first, or make a new one."
        )
    with acting_on(by, "action_item.changed", item) as (made, row):
        issue = _begin(made, row, connection)
        _see(issue, found, made.at)
        issue.due_at = made.at + LOOK_EVERY
        issue.save()
        say(made, row, "issue", f"It is {found.key} in {connection.name}")
    return issue


def forget_issue(by: Actor, item: ActionItem) -> None:
    """It is no issue any more; what stands in the tracker stays there.

    :raises NotFound: it is none.
    """
    with acting_on(by, "action_item.changed", item) as (made, row):
        issue = _issue_of(row)
        say(made, row, "issue", f"No longer {issue}")
        issue.delete()


def look_again(by: Actor, item: ActionItem) -> Issue:
    """Have the engine ask the tracker now.

    :raises NotFound: it is no issue.
    :raises Conflict: the connection is gone.
    """
    with acting_on(by, "action_item.changed", item) as (made, row):
        issue = _issue_of(row)
        if issue.connection_id is None:
            raise Conflict("Its connection was deleted.", field="issue", fix="Unlink it, and link it by another one.")
        issue.due_at = made.at
        issue.save(update_fields=["due_at"])
        made.due()
    return issue


def keep_in_step(item: ActionItem, made: Change) -> None:
    """Within the change that ends or reopens it: the tracker hears of it."""
    Issue.objects.filter(action=item, connection__isnull=False).update(due_at=made.at)


# --- What the engine does ---------------------------------------------------------------------------------------------


def look_next() -> bool:
    """Look after one issue that is due, and say whether there was one. Nothing is locked while the tracker is asked."""
    with transaction.atomic():
        now = clock.now()
        due = Issue.objects.filter(due_at__lte=now, connection__isnull=False).order_by("due_at", "id")
        issue = claimable(due).first()
        if issue is None:
            return False
        issue.due_at = now + _LEASE
        issue.failures += 1  # until it has gone well
        issue.save(update_fields=["due_at", "failures"])
    item = ActionItem.objects.select_related("owner", "team", "incident").get(pk=issue.action_id)
    connection = issue.connection
    assert connection is not None
    try:
        found, step = _asked(issue, item, connection)
    except WatchroomError as error:
        _failed(issue, connection, error)
        note_outcome(connection.pk, str(error) if getattr(error, "everything", True) else "")
        return True
    _written(issue, found, step, connection)
    note_outcome(connection.pk, "")
    return True


def _asked(issue: Issue, item: ActionItem, connection: Connection) -> tuple[trackers.Issue, str]:
    """Ask the tracker what is to be asked. Returns how it stands there now, and what that is for us."""
    tracker, settings = _tracker(connection), connection.settings
    if not issue.theirs:
        made = tracker.marked(settings, issue.mark) if issue.failures > 1 else None
        return made or tracker.make(settings, item.title, _text(item, issue.mark), issue.mark), "made"
    there = tracker.look(settings, issue.theirs)
    step = rules.in_step(ours=item.is_open, theirs=there.open, seen=issue.open)
    if step == "push":
        if item.is_open:
            tracker.open_again(settings, issue.theirs)
        else:
            tracker.close(settings, issue.theirs, done=item.state == ActionItem.State.DONE)
        there = replace(there, open=item.is_open)
    return there, step


def _written(issue: Issue, found: trackers.Issue, step: str, connection: Connection) -> None:
    from .items import complete, reopen

    with transaction.atomic():
        item = locked(ActionItem.objects.select_related("owner", "team", "incident__team")).get(pk=issue.action_id)
        where = f"{found.key} in {connection.name}"
        if step == "adopt" and item.is_open != found.open:
            item = reopen(SYSTEM, item) if found.open else complete(SYSTEM, item, note=f"Closed as {where}")
        row = locked(Issue.objects.filter(pk=issue.pk, connection_id=connection.pk)).first()
        if row is None:
            return  # unlinked meanwhile
        told_meanwhile = row.due_at != issue.due_at and step != "adopt"
        _see(row, found, clock.now())
        if told_meanwhile or item.is_open != found.open:
            row.due_at = row.looked_at
        else:
            row.due_at = clock.now() + LOOK_EVERY if found.open else None
        row.save()
        announce(_topics(row))
        if step == "made":
            with changing(SYSTEM, "action_item.changed", item, needs=Action.RESPOND, team=item.team) as made:
                say(made, item, "issue", f"It is {where}")


def _failed(issue: Issue, connection: Connection, error: WatchroomError) -> None:
    """Later again; with all others of a connection that answers nothing."""
    gone = isinstance(error, TrackerFailed) and error.gone and bool(issue.theirs)
    now = clock.now()
    due = None if gone else now + rules.look_again_after(issue.failures)
    with transaction.atomic():
        rows = Issue.objects.filter(pk=issue.pk, due_at=issue.due_at)
        said = f"{issue.key} is no longer there." if gone else str(error)
        if rows.update(due_at=due, error=said[:300]) and getattr(error, "everything", False):
            others = Issue.objects.filter(connection=connection, due_at__lte=now)
            others.update(due_at=due)
        announce(_topics(issue))


# --- What they share -------------------------------------------------------------------------------------------------


def _begin(made: Change, item: ActionItem, connection: Connection) -> Issue:
    if not item.is_open:
        raise Conflict("This action item has ended.", field="state", value=item.state, fix="Reopen it first.")
    if Issue.objects.filter(action=item).exists():
        raise Conflict("It is an issue already.", field="issue", fix="Unlink that one first.")
    issue = Issue.objects.create(
        action=item, connection=connection, mark=f"watchroom-{secrets.token_hex(8)}", due_at=made.at
    )
    made.touch(*_topics(issue))
    made.due()
    return issue


def _topics(issue: Issue) -> set[str]:
    return {f"action:{issue.action_id}", "actions"}


def _see(issue: Issue, found: trackers.Issue, at: datetime) -> None:
    issue.theirs, issue.key, issue.url = found.id[:100], found.key[:100], _address(found.url)
    issue.open, issue.looked_at, issue.failures, issue.error = found.open, at, 0, ""


def _address(url: str) -> str:
    return url[:1000] if url.startswith(("https://", "http://")) else ""


def _issue_of(item: ActionItem) -> Issue:
    issue = locked(Issue.objects.filter(action=item)).first()
    if issue is None:
        raise NotFound("This action item is no issue.", field="issue", fix="Make one of it, or link it.")
    return issue


def _tracker(connection: Connection) -> Issues:
    found = queries.tracker_of(connection)
    if found is None:
        raise Refused(
            f"{connection} keeps no issues.",
            field="connection",
            value=connection.slug,
            fix=f"Use a connection of one of these kinds: {', '.join(queries.tracker_kinds())}.",
        )
    return found


def _text(item: ActionItem, mark: str) -> str:
    """What whoever works on it there should know. What a private incident is called stays with us."""
    lines = [item.description, ""] if item.description else []
    lines.append(f"Owner: {item.owner}. Due on {item.due_on:%Y-%m-%d}.")
    if (incident := item.incident) is not None:
        title = "" if incident.private else f": {incident.title}"
        lines.append(f"It came of incident #{incident.pk}{title}.")
    lines += ["", f"{conf.current().url}/actions/{item.pk} ({mark})"]
    return "\n".join(lines)
