"""How a person is reached: contact methods and notification rules."""

from __future__ import annotations

from datetime import time
from typing import Any

from ...accounts.actors import Actor
from ...accounts.changes import Change, change
from ...accounts.models import Person
from ...channels.base import Channel, Recognises, is_for_everything
from ...kernel import clock
from ...kernel.checks import within
from ...kernel.errors import Refused
from ...kernel.plugins import one_of
from ...oncall.commands import look_at_groups_in
from ..models import ContactMethod, NotificationRule, QuietHours, Urgency
from .order import follows_plan, go_by_plan, needed_for
from .results import give_up_on

MOST_COLLECT_SECONDS = 120


def channel_named(name: str) -> Channel:
    """The channel with this name. Raises ``Refused`` when there is none."""
    return one_of("watchroom.channels", name)  # type: ignore[no-any-return]


def add_contact_method(
    by: Actor, person: Person, *, channel: str, label: str, settings: dict[str, Any]
) -> ContactMethod:
    """Add a way to reach ``person``. It is used at once, a telephone call only for what is urgent (nobody wants
    to be called because something is over), or as their notification plan says while they follow one; rules can be changed
    afterwards.

    :raises Refused: the channel does not accept the settings; names the field.
    """
    way = channel_named(channel)
    clean = way.check(settings | ({"person": person.pk} if channel == "browser" else {}))
    with change(by, "contact_method.added", None, needs=needed_for(by, person)) as made:
        planned = follows_plan(person)
        if channel == "push":
            _forget_same_device(person, clean)
        method = ContactMethod.objects.create(
            person=person,
            channel=channel,
            label=(label or way.label)[:100],
            settings=clean,
            description=way.describe(clean)[:200],
            handle=way.handle(clean) if isinstance(way, Recognises) else "",
        )
        NotificationRule.objects.bulk_create(
            [
                NotificationRule(person=person, contact_method=method, urgency=urgency)
                for urgency in (Urgency.values if is_for_everything(way) else [Urgency.HIGH])
            ]
        )
        if planned:
            go_by_plan(by, person)
        _touch(made, method)
    return method


def _forget_same_device(person: Person, settings: dict[str, Any]) -> None:
    """A device that subscribes again replaces what it was before: one way per device, never two pages at once."""
    for old in ContactMethod.objects.filter(person=person, channel="push"):
        same = old.settings["endpoint"] == settings["endpoint"]
        if same or (old.settings["device"] == settings["device"] and not old.enabled):
            give_up_on(old)
            old.delete()


def enable_contact_method(by: Actor, method: ContactMethod, enabled: bool) -> None:
    """Use it, or leave it out of every page until it is enabled again. What waited to be sent by it moves on at once."""
    with change(
        by, f"contact_method.{'enabled' if enabled else 'disabled'}", method, needs=needed_for(by, method.person)
    ) as made:
        method.enabled, method.trouble = enabled, ""
        method.save(update_fields=["enabled", "trouble"])
        if not enabled:
            give_up_on(method)
        _touch(made, method)


def remove_contact_method(by: Actor, method: ContactMethod) -> None:
    """Delete it and its rules; what it has delivered stays in the log, and what waited to be sent by it moves on at once.
    Who follows a notification plan follows it still, with the ways that are left."""
    with change(by, "contact_method.removed", None, needs=needed_for(by, method.person)) as made:
        planned = follows_plan(method.person)
        _touch(made, method)
        give_up_on(method)
        method.delete()
        if planned:
            go_by_plan(by, method.person)


def _touch(made: Change, method: ContactMethod) -> None:
    made.note(person=str(method.person), channel=method.channel, label=method.label)
    made.touch(f"person:{method.person_id}")
    account_changed(method)


def account_changed(method: ContactMethod) -> None:
    """It was added, confirmed or removed: where it is an account of a chat, it may belong in a user group there, or no more. Inside the
    caller's transaction."""
    workspace = method.settings.get("workspace") if method.handle else None
    if isinstance(workspace, int):
        look_at_groups_in(clock.now(), workspace, method.person)


def set_limit(
    by: Actor, method: ContactMethod, *, count: int | None, seconds: int | None, collect_seconds: int = 0
) -> ContactMethod:
    """How many messages may come by this method within how long; None: as its channel has it. The first word about a
    problem never waits for it, unless its person lets it wait up to ``collect_seconds`` in a storm.

    :raises Refused: only one of both, or a number that is out of range; names the field.
    """
    for name, value, least, most in (
        ("limit_count", count, 1, 1000),
        ("limit_seconds", seconds, 10, 3600),
        ("collect_seconds", collect_seconds, 0, MOST_COLLECT_SECONDS),
    ):
        if value is not None:
            within(value, least, most, "number", field=name)
    if (count is None) != (seconds is None):
        raise Refused(
            "A limit needs both numbers.",
            field="limit_seconds" if seconds is None else "limit_count",
            value=None,
            fix="Say how many messages, and within how long; or neither.",
        )
    with change(by, "contact_method.limited", method, needs=needed_for(by, method.person)) as made:
        method.limit_count, method.limit_seconds, method.collect_seconds = count, seconds, collect_seconds
        method.save(update_fields=["limit_count", "limit_seconds", "collect_seconds"])
        made.note(limit_count=count, limit_seconds=seconds, collect_seconds=collect_seconds)
        _touch(made, method)
    return method


def parse_hour(text: str | None, field: str) -> time | None:
    """``22:00`` as a time of the day; nothing for an empty text.

    :raises Refused: it is neither.
    """
    try:
        return time.fromisoformat(text.strip()) if text and text.strip() else None
    except ValueError:
        raise Refused("That is no time of the day.", field=field, value=str(text)[:20], fix="Use 22:00.") from None


def set_quiet_hours(by: Actor, person: Person, starts: time | None, ends: time | None) -> QuietHours | None:
    """From when to when ``person`` hears of what can wait only later, by their own time zone; None: at once, always.

    :raises Refused: only one of both, or the whole day.
    """
    if (starts is None) != (ends is None) or (starts is not None and starts == ends):
        raise Refused(
            "Quiet hours have a beginning and an end.",
            field="ends" if ends is None else "starts",
            value=str(ends or starts or ""),
            fix="Use two times such as 22:00 and 07:00, or neither.",
        )
    with change(by, "quiet_hours.changed", person, needs=needed_for(by, person)) as made:
        made.note(starts=str(starts or ""), ends=str(ends or ""))
        made.touch(f"person:{person.pk}")
        if starts is None or ends is None:
            QuietHours.objects.filter(person=person).delete()
            return None
        row, _ = QuietHours.objects.update_or_create(person=person, defaults={"starts": starts, "ends": ends})
    return row
