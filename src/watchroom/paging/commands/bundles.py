"""Which of the messages that are due go now, which as one, and which wait for their method's limit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from ...channels.webhook import Webhook
from ...kernel import settings as conf
from ...kernel.db import claimable
from ...kernel.plugins import one_of
from ...kernel.prepared import prepared
from ..hooks import severities_of
from ..models import ContactMethod, Notification
from ..quiet import (
    BUNDLE_FROM,
    BUNDLES_FROM,
    CALL_LASTS,
    DEFAULT_LIMIT,
    LIMITS,
    LINES,
    LOOK_AT_LINE,
    WINDOW_MOST,
    Due,
    Limit,
    one_at_a_time,
    sort_out,
    worst,
)
from .catching_up import wait_of

ASKS = (Notification.Purpose.PAGE, Notification.Purpose.ROLE)
_FREE = (Notification.Purpose.TEST, Notification.Purpose.VERIFY)  # they have a limit of their own
_GONE = (Notification.State.SENT, Notification.State.DELIVERED)
_SHOWN = 20


def limit_of(method: ContactMethod) -> Limit:
    """What its person has set, or what its channel has."""
    usual = LIMITS.get(method.channel, DEFAULT_LIMIT)
    return Limit(
        method.limit_count or usual.count,
        timedelta(seconds=method.limit_seconds) if method.limit_seconds else usual.within,
        timedelta(seconds=method.collect_seconds),
    )


def sort_out_all(rows: Sequence[Notification], now: datetime) -> tuple[list[list[Notification]], list[Notification]]:
    """These due notifications as messages (those of one list go as one), and those that are held, with their new due
    time and the reason."""
    by_method: dict[int, list[Notification]] = defaultdict(list)
    groups: list[list[Notification]] = []
    for row in rows:
        if row.contact_method is None or row.purpose in _FREE:
            groups.append([row])
        else:
            by_method[row.contact_method.pk].append(row)
    told = _told(rows)
    sent = _sent([number for number, due in by_method.items() if _asks_what_was_sent(due, told)], now)
    held: list[Notification] = []
    for number, due in by_method.items():
        method = due[0].contact_method
        assert method is not None
        found = {row.pk: row for row in due}
        sorted_out = sort_out(
            [
                Due(
                    row.pk,
                    row.purpose in ASKS,
                    (row.escalation_id, number) in told,
                    row.drill,
                    row.created_at + timedelta(seconds=wait_of(row)),
                )
                for row in due
            ],
            limit_of(method),
            sent.get(number, ()),
            now,
            bundles=may_bundle(method),
            bundle_from=BUNDLES_FROM.get(method.channel, BUNDLE_FROM),
        )
        groups += [[found[key] for key in group] for group in sorted_out.groups]
        for key, until in sorted_out.held:
            row = found[key]
            row.state, row.due_at = Notification.State.WAITING, until
            row.note = f"waits for the limit of {method.label}: {limit_of(method).count} messages in {int(limit_of(method).within.total_seconds() // 60)} min"[
                :200
            ]
            held.append(row)
    asked = [row.escalation for group in groups if len(group) > 1 for row in group[:_SHOWN] if row.escalation]
    severities = severities_of(asked)
    groups = [_worst_first(group, severities) for group in groups]
    place = {row.pk: at for at, row in enumerate(rows)}
    # What has been due for longest goes first; a test or a code keeps no page waiting.
    groups.sort(key=lambda group: (group[0].purpose in _FREE, min(place[row.pk] for row in group)))
    lines = [_line(group[0]) for group in groups]
    awaited = _awaited([group[0].contact_method for group in groups if group[0].purpose in _FREE], now)
    engaged = _engaged({line for line in lines if line is not None}, now)
    going = [
        goes and not (group[0].purpose in _FREE and line in awaited)
        for goes, group, line in zip(one_at_a_time(lines, engaged), groups, lines, strict=True)
    ]
    for row in (row for group, goes in zip(groups, going, strict=True) if not goes for row in group):
        row.state, row.due_at = Notification.State.WAITING, now + LOOK_AT_LINE
        row.note = "waits until the call before it is over"
        held.append(row)
    return [group for group, goes in zip(groups, going, strict=True) if goes], held


_Line = tuple[str, int]  # whatever rings the same telephone: its handle, or else the number of the method


def _line(row: Notification) -> _Line | None:
    """The line that a message takes, if it takes one."""
    return _line_of(row.contact_method) if row.contact_method is not None else None


def _line_of(method: ContactMethod) -> _Line | None:
    if method.channel not in LINES:
        return None
    return (method.handle, 0) if method.handle else ("", method.pk)


def _engaged(lines: Collection[_Line], now: datetime) -> set[_Line]:
    """Those of these lines on which something is being said at this moment, or that another engine is about to take: it
    holds their methods until its claim is committed, as we do from now on."""
    if not lines:
        return set()
    same = Q(handle__in={handle for handle, _ in lines if handle}) | Q(
        pk__in={pk for handle, pk in lines if not handle}
    )
    methods = ContactMethod.objects.filter(same, channel__in=LINES).order_by("id")
    by_number = {method.pk: _line_of(method) for method in methods.only("id", "channel", "handle")}
    ours = set(claimable(methods.only("id"), no_key=True).values_list("pk", flat=True))
    called = Notification.objects.filter(contact_method__in=by_number).filter(
        Q(state=Notification.State.SENDING, due_at__gt=now)
        | Q(state=Notification.State.SENT, ended_at__gt=now - CALL_LASTS)
    )
    taken = set(called.values_list("contact_method_id", flat=True)) | (by_number.keys() - ours)
    return {line for pk, line in by_number.items() if pk in taken and line is not None}


def _awaited(methods: Collection[ContactMethod | None], now: datetime) -> set[_Line]:
    """The lines of these methods for which somebody's page waits: it was put off a moment ago, and is next."""
    lines = {line for line in (_line_of(each) for each in methods if each is not None) if line is not None}
    if not lines:
        return set()
    pages = Notification.objects.filter(
        Q(contact_method__handle__in={handle for handle, _ in lines if handle})
        | Q(contact_method__in={pk for handle, pk in lines if not handle}),
        purpose__in=ASKS,
        state=Notification.State.WAITING,
        due_at__lte=now + LOOK_AT_LINE,
        contact_method__channel__in=LINES,
    )
    return {line for each in pages.select_related("contact_method") if (line := _line(each)) is not None}


def may_bundle(method: ContactMethod) -> bool:
    """Whether several pages can go as one message. A tab shows one page after the other by itself, and a message in
    Alertmanager's words is about one group."""
    if not conf.current().bundle_pages or method.channel == "browser":
        return False
    channel = one_of("watchroom.channels", method.channel)
    return not (isinstance(channel, Webhook) and channel.speaks_alertmanager(method.settings))


def _asks_what_was_sent(due: Sequence[Notification], told: set[tuple[int | None, int | None]]) -> bool:
    """The first word about a problem goes whatever was sent before, unless its person wants several collected."""
    return any(row.purpose not in ASKS or (row.escalation_id, row.contact_method_id) in told for row in due) or bool(
        due[0].contact_method and due[0].contact_method.collect_seconds
    )


def _sent(methods: Collection[int], now: datetime) -> dict[int, list[datetime]]:
    """When each method has handed over a message lately; those that went as one count once."""
    found: dict[int, dict[int, datetime]] = defaultdict(dict)
    for method, at, pk, bundle in _sent_since(methods, now - WINDOW_MOST):
        if method is not None and at is not None:
            found[method][bundle or pk] = at
    return {method: list(messages.values()) for method, messages in found.items()}


@prepared
def _sent_since(methods: Collection[int], since: datetime) -> QuerySet[Notification, Any]:
    rows = Notification.objects.filter(contact_method__in=methods, ended_at__gt=since, state__in=_GONE)
    return rows.values_list("contact_method_id", "ended_at", "pk", "bundle_id")


def _told(rows: Sequence[Notification]) -> set[tuple[int | None, int | None]]:
    """Which escalations have been told by which method before."""
    return set(_told_of({row.escalation_id for row in rows if row.escalation_id}))


@prepared
def _told_of(escalations: Collection[int]) -> QuerySet[Notification, tuple[int | None, int | None]]:
    before = Notification.objects.filter(escalation__in=escalations, state__in=_GONE)
    return before.values_list("escalation_id", "contact_method_id")


def _worst_first(rows: list[Notification], severities: Mapping[int, str]) -> list[Notification]:
    """Those that go as one message, the worst at its head."""
    if len(rows) < 2:
        return rows
    at = worst([severities.get(row.escalation_id or 0, "") for row in rows[:_SHOWN]])
    return [rows[at], *rows[:at], *rows[at + 1 :]]
