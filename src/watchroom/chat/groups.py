"""User groups of chats follow who is on call, in two steps: it is looked who belongs in them, and where that is somebody else than
the chat was told last, it is told. A group that is right costs no call.

What keeps a group from following is a defect of paging; it is tried again in any case, and after an hour at the latest.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from ..accounts.listeners import Happened
from ..channels.base import DeliveryFailed
from ..kernel import clock
from ..kernel.again import retried
from ..kernel.db import announce, claimable, lease, locked
from ..kernel.errors import WatchroomError
from ..oncall import rules
from ..oncall.models import ChatGroup
from ..oncall.queries import people_of, plans_of
from ..paging.commands import ACCEPTED_FOR, clear_defects, record_defect
from ..paging.models import ContactMethod, PagingDefect
from ..paging.rules import retry_in
from ..workspaces.queries import client_of

log = logging.getLogger(__name__)
LOOK_EVERY = timedelta(minutes=10)
TRY_AGAIN = timedelta(hours=1)
LEASE = timedelta(seconds=60)
_JITTER = random.Random()


# --- Who belongs in it -----------------------------------------------------------------------------------------------


def look(most: int) -> int:
    """Look who belongs in up to ``most`` groups whose look is due; queries do not grow with them."""
    now = clock.now()
    with transaction.atomic():
        due = ChatGroup.objects.filter(due_at__lte=now).order_by("due_at", "id")
        rows = list(claimable(due).select_related("workspace", "schedule__team")[:most])
        plans = plans_of([row.schedule for row in rows], now, now + LOOK_EVERY)
        on_call = {row.pk: _on_call(row, plans[row.schedule_id], now) for row in rows}
        accounts = _accounts({person for people in on_call.values() for person in people}, rows)
        known, moved = _known(rows), set()
        for row in rows:
            own = {person: found for (place, person), found in accounts.items() if place == row.workspace_id}
            members = rules.membership(on_call[row.pk], own, str(row.workspace))
            before = (row.wanted, row.left_out, row.send_at)
            _settle(row, members, now)
            if members.left_out and not members.users:
                _nobody_fits(row, known)
            elif row.send_at is None and not row.error:
                _follows(row, known)
            if (row.wanted, row.left_out, row.send_at) != before:
                moved.add(f"schedule:{row.schedule_id}")
        announce(moved)
        ChatGroup.objects.bulk_update(rows, ["wanted", "left_out", "due_at", "send_at"])
    return len(rows)


def _on_call(row: ChatGroup, plan: rules.Plan, now: datetime) -> list[int]:
    """Who is on call now; ``due_at`` becomes when that is next somebody else."""
    row.due_at = now + LOOK_EVERY
    try:
        row.due_at = rules.next_handoff(plan, now, LOOK_EVERY) or row.due_at
        return [duty.person for duty in rules.on_call_at(plan, now)]
    except (ValueError, KeyError, OverflowError):  # one broken schedule stops nobody else's
        log.exception("Who is on call in schedule %s can not be worked out", row.schedule.slug)
        return []


def _accounts(people: Iterable[int], rows: Iterable[ChatGroup]) -> dict[tuple[int, int], list[rules.Account]]:
    """By workspace and person."""
    found: dict[tuple[int, int], list[rules.Account]] = {}
    kinds = {row.workspace.kind for row in rows}
    methods = ContactMethod.objects.filter(person__in=set(people), channel__in=kinds).exclude(handle="").order_by("id")
    for method in methods:
        account = rules.Account(str(method.settings["user"]), method.verified_at is not None)
        found.setdefault((method.settings["workspace"], method.person_id), []).append(account)
    return found


def _settle(row: ChatGroup, members: rules.Membership, now: datetime) -> None:
    """What is to be told now. Where nobody can be put in it, it stays as it is: a chat keeps no empty group."""
    row.left_out = [{"person": person, "why": why} for person, why in members.left_out]
    if not members.users:
        row.wanted, row.send_at = None, row.send_at if row.tries else None
        return
    changed = members.users != row.wanted
    row.wanted = members.users
    if row.wanted == row.members and not row.tries:
        row.send_at = None
    elif (
        changed or row.send_at is None
    ) and not row.tries:  # while it is being tried, the newest is told next time anyway
        row.send_at = now


# --- Telling the chat ------------------------------------------------------------------------------------------------


def claim(most: int) -> list[ChatGroup]:
    """Take up to ``most`` groups of which the chat has to be told."""
    now = clock.now()
    due = ChatGroup.objects.filter(send_at__lte=now).select_related("workspace", "schedule__team")
    return lease(due, most, now + LEASE, "send_at")


def tell(row: ChatGroup) -> None:
    """Put exactly those into the group who belong in it."""
    if not row.wanted:
        _nothing_to_tell(row)
        return
    try:
        client = client_of(row.workspace)
        group = row.group_id or client.group(row.group)  # type: ignore[attr-defined]
        client.set_members(group, sorted(row.wanted))  # type: ignore[attr-defined]
    except Exception as error:
        if not isinstance(error, WatchroomError):
            log.exception("A user group could not be put right: schedule %s", row.schedule.slug)
        failed = error if isinstance(error, DeliveryFailed) else DeliveryFailed(f"{type(error).__name__}: {error}")
        _failed(row, failed)
    else:
        _told(row, group)


@retried
def _nothing_to_tell(row: ChatGroup) -> None:
    """Since the last try nobody fits any more."""
    with transaction.atomic():
        own = _same(row)
        if own is not None:
            own.tries, own.send_at = 0, clock.now() if own.wanted else None
            own.save(update_fields=["tries", "send_at"])


@retried
def _told(row: ChatGroup, group: str) -> None:
    now = clock.now()
    with transaction.atomic():
        own = _same(row)
        if own is None:
            return
        own.group_id, own.members, own.told_at, own.error, own.fix, own.tries = group, row.wanted, now, "", "", 0
        own.send_at = None if own.wanted in (None, row.wanted) else now
        own.save(update_fields=["group_id", "members", "told_at", "error", "fix", "tries", "send_at"])
        if not own.left_out or own.wanted:
            _follows(own, _known([own]))
        announce({f"schedule:{own.schedule_id}"})


@retried
def _failed(row: ChatGroup, failed: DeliveryFailed) -> None:
    now = clock.now()
    wait = retry_in(row.tries, permanent=failed.permanent, retry_after=failed.retry_after, jitter=_JITTER)
    with transaction.atomic():
        own = _same(row)
        if own is None:
            return
        # Whether it was done all the same is not known; and a group that is made anew has another id.
        own.members, own.group_id = None, "" if failed.permanent else own.group_id
        own.error, own.fix, own.send_at = failed.message[:500], failed.fix[:300], now + (wait or TRY_AGAIN)
        own.tries = own.tries if wait else 0
        own.save(update_fields=["members", "group_id", "error", "fix", "send_at", "tries"])
        if wait is None:
            _note(
                own,
                f"{own.shown} does not follow who is on call in {own.schedule}: {own.error}",
                own.fix,
                _known([own]),
            )
        announce({f"schedule:{own.schedule_id}"})
    if failed.retry_after:  # it is the whole workspace that is to wait
        others = ChatGroup.objects.filter(workspace=row.workspace_id, send_at__lt=now + failed.retry_after)
        others.update(send_at=now + failed.retry_after)


def _same(row: ChatGroup) -> ChatGroup | None:
    """The row as it is by now, locked; none where the schedule has named another group since."""
    rows = ChatGroup.objects.filter(pk=row.pk, workspace=row.workspace_id, group=row.group)
    return locked(rows).select_related("workspace", "schedule__team").first()


# --- What is wrong, where it is seen ---------------------------------------------------------------------------------

_Known = dict[str, str]  # the texts of defects that are open, or that somebody has said are known, by their keys


def _key(row: ChatGroup) -> str:
    return f"group:{row.schedule_id}"


def _known(rows: Iterable[ChatGroup]) -> _Known:
    keys = [_key(row) for row in rows]
    since = clock.now() - ACCEPTED_FOR
    found = PagingDefect.objects.filter(key__in=keys).order_by("id")
    return {
        row.key: "" if row.resolved_at else row.text
        for row in found
        if row.resolved_at is None or (row.resolved_by_id is not None and row.resolved_at > since)
    }


def _note(row: ChatGroup, text: str, fix: str, known: _Known) -> None:
    if known.get(_key(row)) in ("", text[:500]):  # somebody has said that it is known, or it stands there already
        return
    record_defect(
        PagingDefect.Kind.GROUP,
        _key(row),
        text=text,
        fix=fix,
        path=f"/schedules/{row.schedule.slug}",
        team=row.schedule.team,
        tell=True,
    )


def _nobody_fits(row: ChatGroup, known: _Known) -> None:
    people = people_of(each["person"] for each in row.left_out)
    why = "; ".join(f"{people[each['person']]} {each['why']}" for each in row.left_out if each["person"] in people)
    _note(
        row,
        f"Nobody who is on call in {row.schedule} can be put into {row.shown}: {why}.",
        f"They add and confirm it on their page How you are reached. Until then {row.shown} stays as it is.",
        known,
    )


def _follows(row: ChatGroup, known: _Known) -> None:
    if known.get(_key(row)):
        clear_defects([_key(row)], "It follows again.")


def schedules_changed(happened: Sequence[Happened]) -> None:
    """A schedule has no user group any more, so nothing is wrong with it."""
    for each in happened:
        gone = each.type == "schedule.changed" and each.data.get("chat_group", each) is None
        if gone or each.type == "schedule.deleted":
            open_ones = PagingDefect.objects.filter(
                kind=PagingDefect.Kind.GROUP, path=f"/schedules/{each.data['slug']}", resolved_at__isnull=True
            )
            clear_defects(list(open_ones.values_list("key", flat=True)), "There is no user group any more.")
