"""A user group in Slack holds exactly whoever is on call, and says where it can't be seen why it does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

import factories as make
from chat.payments import BACKEND, GROUP, WEEK, Payments, open_defects
from chat.pressing import TOKENS
from peers.http import Answer
from watchroom.accounts.actors import acting
from watchroom.accounts.commands import deactivate_person
from watchroom.chat.groups import LOOK_EVERY
from watchroom.engine.loop import run_due
from watchroom.kernel.clock import TravellingClock
from watchroom.oncall import commands
from watchroom.oncall.models import ChatGroup
from watchroom.paging.commands import (
    add_contact_method,
    confirm_code,
    remove_contact_method,
    resolve_defect,
    send_code,
)
from watchroom.paging.models import Notification, PagingDefect
from watchroom.workspaces.commands import save_workspace, try_workspace
from watchroom.workspaces.models import Workspace

pytestmark = pytest.mark.django_db


# --- It follows ------------------------------------------------------------------------------------------------------


def test_it_holds_whoever_is_on_call_from_one_hand_off_to_the_next(both: Payments, clock: TravellingClock) -> None:
    assert both.users == ["U0KIM00"]
    clock.advance(WEEK - timedelta(seconds=1))
    run_due()
    assert both.users == ["U0KIM00"]
    clock.advance(timedelta(seconds=1))
    run_due()
    assert both.users == ["U0BEN00"] and both.row.told_at == clock.instant
    assert open_defects() == []


def test_nothing_is_asked_of_slack_while_nothing_changes(both: Payments, clock: TravellingClock) -> None:
    requests = len(both.server.peer.requests)
    for _ in range(20):
        clock.advance(LOOK_EVERY)
        run_due()
    assert len(both.server.peer.requests) == requests
    clock.advance(WEEK)
    run_due()
    assert [users for _, users in both.server.told] == [["U0KIM00"], ["U0BEN00"]]
    assert both.server.listed == 1  # its id is known by then


def test_after_downtime_it_is_right_again_with_one_call(both: Payments, clock: TravellingClock) -> None:
    clock.advance(3 * WEEK + timedelta(hours=5))
    run_due()
    assert [users for _, users in both.server.told] == [["U0KIM00"], ["U0BEN00"]]


def test_an_override_and_its_end_are_followed_at_once(both: Payments, clock: TravellingClock) -> None:
    now = clock.instant
    made = commands.add_override(
        acting(both.mia), both.schedule, person=both.ben, starts_at=now, ends_at=now + timedelta(minutes=3)
    )
    run_due()
    assert both.users == ["U0BEN00"]
    clock.advance(timedelta(minutes=3))
    run_due()
    assert both.users == ["U0KIM00"]
    later = commands.add_override(
        acting(both.mia), both.schedule, person=both.ben, starts_at=clock.instant, ends_at=clock.instant + WEEK
    )
    run_due()
    commands.remove_override(acting(both.mia), later)
    run_due()
    assert both.users == ["U0KIM00"] and made.pk != later.pk


def test_a_change_of_the_rotations_is_followed_at_once(both: Payments, clock: TravellingClock) -> None:
    row = both.schedule
    weekly = {"name": "Weekly", "starts_at": "2026-01-05T09:00", "members": [[both.ben.pk], [both.kim.pk]]}
    together = {"name": "Both", "starts_at": "2026-01-05T09:00", "members": [[both.ben.pk, both.kim.pk]]}
    for rotations, users in (([weekly], ["U0BEN00"]), ([together], ["U0BEN00", "U0KIM00"])):
        commands.save_schedule(acting(both.mia), row, team=row.team, name=row.name, rotations=rotations)
        run_due()
        assert both.users == users
    assert both.row.group == "payments-oncall"  # of which nothing was said


def test_a_schedule_that_stands_in_is_followed(both: Payments, clock: TravellingClock) -> None:
    other = make.schedule("Release", people=(both.ben,), team=both.team)
    commands.add_temporary(
        acting(both.mia),
        both.schedule,
        name="Release",
        starts_at=clock.instant,
        ends_at=clock.instant + timedelta(days=2),
        other=other,
    )
    run_due()
    assert both.users == ["U0BEN00"]
    now = clock.instant
    commands.add_override(acting(both.mia), other, person=both.kim, starts_at=now, ends_at=now + timedelta(hours=1))
    run_due()
    assert both.users == ["U0KIM00"]


def test_who_leaves_is_taken_out(both: Payments, clock: TravellingClock) -> None:
    deactivate_person(make.actor(), both.kim)
    run_due()
    assert both.row.members == {"U0KIM00": both.kim.pk}  # nobody is on call now, and a group can't be empty
    clock.advance(WEEK)
    run_due()
    assert both.users == ["U0BEN00"]


def test_who_links_an_account_is_put_in_once_it_is_confirmed(pay: Payments, clock: TravellingClock) -> None:
    pay.name()
    clock.advance(WEEK)  # it is Ben's turn
    run_due()
    assert pay.users == ["U0KIM00"]
    by = acting(pay.ben)
    method = add_contact_method(by, pay.ben, channel="slack", label="", settings={"user": "U0BEN00"})
    run_due()
    assert pay.users == ["U0KIM00"]  # anybody could say that
    assert pay.row.left_out == [{"person": pay.ben.pk, "why": "has not confirmed their account in Slack"}]
    send_code(by, method)
    run_due()
    confirm_code(by, method, Notification.objects.get(purpose="verify").body)
    run_due()
    assert pay.users == ["U0BEN00"] and pay.row.left_out == [] and open_defects() == []
    remove_contact_method(by, method)
    run_due()
    assert pay.row.left_out[0]["why"] == "has not added Slack under How you are reached"
    assert pay.users == ["U0BEN00"]


def test_of_two_on_call_the_one_with_an_account_is_put_in(pay: Payments, client: Any) -> None:
    row = pay.schedule
    together = {"name": "Both", "starts_at": "2026-01-05T09:00", "members": [[pay.ben.pk, pay.kim.pk]]}
    commands.save_schedule(acting(pay.mia), row, team=row.team, name=row.name, rotations=[together])
    pay.name()
    assert pay.users == ["U0KIM00"] and open_defects() == []
    client.force_login(pay.ben, backend=BACKEND)
    page = client.get("/schedules/payments").content.decode()
    assert "Has not added Slack under How you are reached." in page and "/me/contact" in page
    assert "reaches <strong>Kim</strong>." in page


def test_one_that_is_changed_while_it_is_told_is_told_again(both: Payments, clock: TravellingClock) -> None:
    from watchroom.chat import groups

    clock.advance(WEEK)
    groups.look(10)
    [claimed] = groups.claim(10)
    commands.add_override(
        acting(both.mia), both.schedule, person=both.kim, starts_at=clock.instant, ends_at=clock.instant + WEEK
    )
    groups.look(10)
    assert groups.claim(10) == []  # the other one is at it
    groups.tell(claimed)
    assert both.users == ["U0BEN00"]
    run_due()
    assert both.users == ["U0KIM00"] and both.row.send_at is None


# --- What keeps it from following ------------------------------------------------------------------------------------


def test_nobody_with_an_account_leaves_it_as_it_is_and_is_a_defect(
    pay: Payments, clock: TravellingClock, client: Any
) -> None:
    pay.name()
    clock.advance(WEEK)
    run_due()
    assert pay.users == ["U0KIM00"] and len(pay.server.told) == 1  # Slack refuses an empty group, so it is not asked
    said = "Nobody who is on call in Payments can be put into @payments-oncall: Ben has not added Slack under How you are reached."
    assert open_defects() == [said]
    client.force_login(pay.mia, backend=BACKEND)
    page = client.get("/schedules/payments").content.decode()
    assert "Nobody who is on call can be put in it." in page and "it still holds <strong>Kim</strong>" in page
    assert said in client.get("/paging-defects").content.decode()
    clock.advance(WEEK)  # it is Kim's turn again
    run_due()
    assert open_defects() == [] and len(pay.server.told) == 1


def test_a_time_in_which_nobody_is_on_call_is_no_defect(both: Payments, clock: TravellingClock, client: Any) -> None:
    row = both.schedule
    days = {
        "name": "Days",
        "starts_at": "2026-01-05T09:00",
        "members": [[both.kim.pk]],
        "restrictions": [{"start": "09:00", "end": "17:00"}],
    }
    commands.save_schedule(acting(both.mia), row, team=row.team, name=row.name, rotations=[days])
    clock.advance(timedelta(hours=9))
    run_due()
    assert both.users == ["U0KIM00"] and open_defects() == []
    client.force_login(both.ben, backend=BACKEND)
    assert "Nobody is on call. No user group can be empty" in client.get("/schedules/payments").content.decode()


def test_an_app_without_the_scope_says_which_and_what_to_do(pay: Payments, clock: TravellingClock, client: Any) -> None:
    pay.server.scopes -= {"usergroups:read", "usergroups:write"}
    row = pay.name()
    assert row.error == "Slack refused usergroups.list: missing_scope (needed: usergroups:read)."
    assert row.fix.startswith("Add usergroups:read to the app under OAuth & Permissions, and install it anew")
    assert open_defects() == [f"@payments-oncall does not follow who is on call in Payments: {row.error}"]
    client.force_login(pay.mia, backend=BACKEND)
    page = client.get("/schedules/payments").content.decode()
    assert "It does not follow who is on call." in page and "needed: usergroups:read" in page
    said = try_workspace(make.actor(), Workspace.objects.get())
    assert "lacks the scopes usergroups:read and usergroups:write" in said and "install it anew" in said
    pay.server.scopes.add("usergroups:read")
    clock.advance(timedelta(hours=1))
    run_due()
    assert "needed: usergroups:write" in pay.row.error
    pay.server.scopes.add("usergroups:write")
    assert "lacks" not in try_workspace(make.actor(), Workspace.objects.get())
    clock.advance(timedelta(hours=1))  # it heals by itself
    run_due()
    assert pay.users == ["U0KIM00"] and pay.row.error == "" and open_defects() == []


def test_put_right_now_does_not_wait_for_the_hour(pay: Payments, clock: TravellingClock, client: Any) -> None:
    pay.server.scopes.discard("usergroups:write")
    pay.name()
    pay.server.scopes.add("usergroups:write")
    client.force_login(pay.kim, backend=BACKEND)
    assert client.post("/schedules/payments/chat-group/again").status_code == 302
    run_due()
    assert pay.users == ["U0KIM00"]
    pay.server.groups[GROUP]["users"] = ["U0ELSE0"]  # somebody changes it in Slack
    commands.put_group_right(acting(pay.kim), pay.schedule)
    run_due()
    assert pay.users == ["U0KIM00"]


@pytest.mark.parametrize(
    ("prepare", "says"),
    [
        (lambda server: server.groups.clear(), "Slack knows no user group payments-oncall."),
        (lambda server: server.add_group("payments-oncall", GROUP, disabled=True), "is switched off in Slack"),
        (lambda server: server.guests.add("U0KIM00"), "Slack refused usergroups.users.update: invalid_user."),
    ],
)
def test_what_slack_refuses_is_said_with_its_fix(pay: Payments, prepare: Callable[[Any], Any], says: str) -> None:
    prepare(pay.server)
    row = pay.name()
    assert says in row.error and row.fix and row.members is None
    assert len(open_defects()) == 1 and says in open_defects()[0]


def test_a_group_that_is_made_anew_is_found_again(both: Payments, clock: TravellingClock) -> None:
    both.server.groups.clear()
    both.server.add_group("payments-oncall", "S0NEWONE")
    clock.advance(WEEK)
    run_due()
    assert "no_such_subteam" in both.row.error
    clock.advance(timedelta(hours=1))
    run_due()
    assert both.server.groups["S0NEWONE"]["users"] == ["U0BEN00"] and both.row.error == ""


def test_slack_that_says_wait_is_asked_again_after_that_for_every_group(both: Payments, clock: TravellingClock) -> None:
    both.server.add_group("search-oncall", "S0SEARCH")
    search = make.schedule("Search", people=(both.ben, both.kim), team=both.team)
    commands.save_schedule(
        acting(both.mia), search, team=both.team, name="Search", chat_group={"chat": "slack", "group": "search-oncall"}
    )
    run_due()
    clock.advance(WEEK)
    both.server.broken = Answer(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": "90"})
    run_due()
    assert {row.send_at - clock.instant for row in ChatGroup.objects.all() if row.send_at} == {timedelta(seconds=90)}
    asked = len(both.server.peer.requests)
    clock.advance(timedelta(seconds=89))
    run_due()
    assert len(both.server.peer.requests) == asked and open_defects() == []
    both.server.broken = None
    clock.advance(timedelta(seconds=1))
    run_due()
    assert both.users == ["U0BEN00"] and both.server.groups["S0SEARCH"]["users"] == ["U0KIM00"]


def test_a_slack_that_is_down_is_tried_with_longer_and_longer_waits(both: Payments, clock: TravellingClock) -> None:
    clock.advance(WEEK)
    both.server.broken = Answer(503, "away")
    run_due()
    waits = []
    while not open_defects():
        row = both.row
        assert row.send_at is not None and "503" in row.error
        waits.append(row.send_at - clock.instant)
        clock.advance(waits[-1])
        run_due()
    assert waits[-1] > 2 * waits[0] and sum(waits, timedelta()) < timedelta(hours=1)
    both.server.broken = None
    clock.advance(timedelta(hours=1))
    run_due()
    assert both.users == ["U0BEN00"] and open_defects() == []


def test_who_was_told_in_vain_is_not_told_what_is_old_by_then(both: Payments, clock: TravellingClock) -> None:
    """It fails for Ben, and when it works again Kim is on call."""
    clock.advance(WEEK)
    both.server.broken = Answer(503, "away")
    run_due()
    commands.add_override(
        acting(both.mia), both.schedule, person=both.kim, starts_at=clock.instant, ends_at=clock.instant + WEEK
    )
    run_due()
    both.server.broken = None
    clock.advance(timedelta(minutes=30))
    run_due()
    assert both.server.told[-1][1] == ["U0KIM00"] and both.users == ["U0KIM00"]


def test_what_somebody_has_said_is_known_stays_quiet(pay: Payments, clock: TravellingClock) -> None:
    make.contact_method(pay.mia)
    pay.server.scopes.clear()
    pay.name()
    told = Notification.objects.filter(person=pay.mia, subject__startswith="@payments-oncall does not follow")
    assert told.count() == 1
    resolve_defect(acting(pay.mia), PagingDefect.objects.get(kind="group"), note="next week")
    for _ in range(5):
        clock.advance(timedelta(hours=1))
        run_due()
    assert open_defects() == [] and told.count() == 1


def test_a_new_secret_leaves_nobody_confirmed_until_they_say_so(both: Payments, clock: TravellingClock) -> None:
    row = both.workspace
    settings = {"url": row.settings["url"], "token": TOKENS["slack"], "signing_secret": "another-secret-of-theirs"}
    save_workspace(make.actor(), row, team=None, kind="slack", name=row.name, settings=settings)
    run_due()
    assert both.users == ["U0KIM00"]  # as it was
    assert both.row.left_out == [{"person": both.kim.pk, "why": "has not confirmed their account in Slack"}]
