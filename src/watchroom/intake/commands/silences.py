"""Silences, as people make and end them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from ...accounts.actors import Actor
from ...accounts.changes import Change, change
from ...accounts.models import Team
from ...accounts.roles import Action
from ...kernel.db import locked
from ...kernel.errors import Conflict, Refused
from .. import holding
from ..matchers import Matcher, matcher, typed
from ..models import AlertGroup, Silence
from .holds import next_due
from .marking import firing_that_match, mark
from .repeating import check_times, move_on, read_series, set_times, skip

WIDE_GROUPS = 20  # a silence that hits more open groups than this has to be confirmed


def read_matchers(texts: Iterable[str], field: str = "matchers") -> list[Matcher]:
    """Matchers as they are typed.

    :raises Refused: one can't be read, or there is none.
    """
    found = [typed(text, field=f"{field}[{number}]") for number, text in enumerate(texts)]
    if not found:
        raise Refused(
            "Without matchers it would hold everything.",
            field=field,
            value=[],
            fix='Add one, such as alertname="DiskFull".',
        )
    return found


def groups_hit(matchers: Sequence[Matcher], team: Team | None) -> list[AlertGroup]:
    """The open groups that a silence with these matchers would touch, newest first."""
    pks = {alert.group_id for alert in firing_that_match(matchers, team=team.pk if team else None)}
    return list(AlertGroup.objects.filter(pk__in=pks, resolved_at__isnull=True).select_related("service", "team"))


def look_again(made: Change, matchers: Sequence[Matcher], team: Team | None) -> None:
    """Have what fires and is matched looked at once more: something else may hold it, or nothing any more."""
    mark(alert.group_id for alert in firing_that_match(matchers, team=team.pk if team else None))
    made.touch("silences", "alert-groups")
    made.due()


def save_silence(
    by: Actor,
    silence: Silence | None,
    *,
    matchers: Iterable[str],
    ends_at: datetime,
    comment: str,
    starts_at: datetime | None = None,
    team: Team | None = None,
    confirm: bool = False,
    identity: UUID | None = None,
    repeats: str = "",
    timezone: str = "",
) -> Silence:
    """Make a silence or change one that has not ended. Alerts that it matches page nobody until it ends; what fires then
    pages at once. A new one gets ``identity`` as its UUID, where that is given. With ``repeats`` (a rule as in RFC 5545)
    it comes again by the clocks of ``timezone``; the times are then those of the first occurrence.

    :raises Refused: matchers, times, rule or comment are not accepted, or it would hold much and ``confirm`` is not set.
    :raises Conflict: the silence has ended.
    """
    read = read_matchers(matchers)
    if not comment.strip():
        raise Refused(
            "A silence needs a reason.", field="comment", value=comment, fix="Say why, and when it can be ended."
        )
    hit = groups_hit(read, team)
    if not confirm and (holding.too_wide(read) or len(hit) > WIDE_GROUPS):
        raise Refused(
            f"That would hold {len(hit)} open alert groups, and whatever matches later.",
            field="confirm",
            value=False,
            fix="Add a matcher that asks for a certain value, or confirm that you mean it.",
        )
    if silence is not None:
        by.require(Action.RESPOND, silence.team)
    with change(
        by, "silence.changed" if silence else "silence.created", silence, needs=Action.RESPOND, team=team
    ) as made:
        old: list[Matcher] = []
        if silence is not None:
            silence.refresh_from_db(from_queryset=locked(Silence.objects.all()))  # it may have been ended meanwhile
            if silence.ends_at <= made.at and not move_on(silence, made.at):
                raise Conflict("This silence has ended.", fix="Make a new one.")
            old = [matcher(text) for text in silence.matchers]
        begins = starts_at or ((silence.first_at or silence.starts_at) if silence else made.at)
        series = read_series(repeats, timezone, begins, ends_at, made.at)
        if silence is None:
            silence = Silence(author=by.person, author_name=by.name)
            silence.uuid = identity or silence.uuid
        silence.team, silence.matchers, silence.comment = team, [str(each) for each in read], comment.strip()
        set_times(silence, series, begins, ends_at, made.at)
        silence.reminded = False
        silence.due_at, silence.updated_at = next_due(silence, made.at), made.at
        silence.save()
        made.note(matchers=silence.matchers, ends_at=ends_at.isoformat(), comment=silence.comment)
        if silence.repeats:
            made.note(repeats=silence.repeats, timezone=silence.timezone)
        look_again(made, read, team)
        if old and old != read:
            look_again(made, old, team)
    return silence


def extend_silence(by: Actor, silence: Silence, ends_at: datetime) -> Silence:
    """Let it end at another time. Of one that repeats only the occurrence that runs, or comes next, is changed.

    :raises Refused: the time is not accepted.
    :raises Conflict: the silence has ended.
    """
    with change(by, "silence.extended", silence, needs=Action.RESPOND, team=silence.team) as made:
        silence.refresh_from_db(from_queryset=locked(Silence.objects.all()))
        if silence.ends_at <= made.at and not move_on(silence, made.at):
            raise Conflict("This silence has ended.", fix="Make a new one.")
        check_times(silence.starts_at, ends_at, made.at)
        silence.ends_at = ends_at
        made.note(ends_at=ends_at.isoformat())
        _moved(made, silence)
    return silence


def skip_silence(by: Actor, silence: Silence, starts_at: datetime | None = None) -> Silence:
    """End the occurrence that runs, or leave out the next; what fires pages at once. The one after it comes as planned.
    With ``starts_at`` only if that one is still the occurrence that began then: twice is once.

    :raises Conflict: it doesn't repeat, or no more.
    """
    with change(by, "silence.skipped", silence, needs=Action.RESPOND, team=silence.team) as made:
        silence.refresh_from_db(from_queryset=locked(Silence.objects.all()))
        if starts_at not in (None, silence.starts_at):
            return silence
        skipped = silence.starts_at
        skip(silence, made.at)
        made.note(skipped=skipped.isoformat(), starts_at=silence.starts_at.isoformat())
        _moved(made, silence)
    return silence


def _moved(made: Change, silence: Silence) -> None:
    silence.reminded, silence.updated_at = False, made.at
    silence.due_at = next_due(silence, made.at)
    silence.save(update_fields=["starts_at", "ends_at", "reminded", "due_at", "updated_at"])
    look_again(made, [matcher(text) for text in silence.matchers], silence.team)


def expire_silence(by: Actor, silence: Silence) -> Silence:
    """End a silence now, for good: what it held and still fires pages at once. Doing it twice changes nothing."""
    with change(by, "silence.expired", silence, needs=Action.RESPOND, team=silence.team) as made:
        if silence.ends_at > made.at or silence.repeats:
            silence.starts_at, silence.ends_at = min(silence.starts_at, made.at), made.at
            silence.due_at, silence.updated_at, silence.repeats = None, made.at, ""
            silence.save(update_fields=["starts_at", "ends_at", "due_at", "updated_at", "repeats"])
            look_again(made, [matcher(text) for text in silence.matchers], silence.team)
    return silence
