"""A user group in Slack holds exactly whoever is on call, and says where it can't be seen why it does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

import factories as make
from chat.pressing import TOKENS
from peers.http import Answer
from watchroom.accounts.actors import acting
from watchroom.accounts.commands import deactivate_person
from watchroom.channels.chat import handle_of
from watchroom.chat.groups import LOOK_EVERY
from watchroom.cli.main import cli
from watchroom.engine.loop import run_due
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Conflict, Refused
from watchroom.oncall import commands, rules
from watchroom.oncall.models import ChatGroup
from watchroom.paging.commands import (
    add_contact_method,
    confirm_code,
    remove_contact_method,
    resolve_defect,
    send_code,
)
from watchroom.paging.models import ContactMethod, Notification, PagingDefect
from watchroom.workspaces.commands import delete_workspace, save_workspace, try_workspace
from watchroom.workspaces.models import Workspace

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
GROUP = "S0PAYONC"
WEEK = timedelta(days=7)


class Payments:
    """Kim and Ben take turns by the week from this morning on; Kim has confirmed her account in Slack, Mia manages the team."""

    def __init__(self, connect: Callable[[str], Any], reached: Callable[..., Any]) -> None:
        self.server, self.workspace = connect("slack")
        self.server.add_group("payments-oncall", GROUP, "U0OLD00")
        self.team = make.team("Payments")
        self.kim, self.ben = (make.person(name, email=f"{name.lower()}@example.org") for name in ("Kim", "Ben"))
        self.mia = make.person("Mia")
        for person, role in ((self.kim, "responder"), (self.ben, "responder"), (self.mia, "manager")):
            make.membership(self.team, person, role)
        self.kims = reached(self.workspace, person=self.kim)
        self.schedule = make.schedule("Payments", people=(self.kim, self.ben), team=self.team, slug="payments")
        self.reached = reached

    def link(self, person: Any, user: str, **options: Any) -> ContactMethod:
        method: ContactMethod = self.reached(self.workspace, user=user, person=person, **options)
        return method

    def name(self, group: str = "@payments-oncall", by: Any = None) -> ChatGroup:
        row = self.schedule
        commands.save_schedule(
            by or acting(self.mia), row, team=row.team, name=row.name, chat_group={"chat": "", "group": group}
        )
        run_due()
        return ChatGroup.objects.get(schedule=row)

    @property
    def users(self) -> list[str]:
        users: list[str] = self.server.groups[GROUP]["users"]
        return users

    @property
    def row(self) -> ChatGroup:
        return ChatGroup.objects.get()


@pytest.fixture
def pay(connect: Callable[[str], Any], reached: Callable[..., Any], clock: TravellingClock) -> Payments:
    return Payments(connect, reached)


@pytest.fixture
def both(pay: Payments) -> Payments:
    """Ben has confirmed his account, too, and the group is named."""
    pay.link(pay.ben, "U0BEN00")
    pay.name()
    return pay


def open_defects() -> list[str]:
    return [row.text for row in PagingDefect.objects.filter(kind="group", resolved_at__isnull=True)]


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


# --- It is named -----------------------------------------------------------------------------------------------------


def test_one_group_follows_one_schedule(both: Payments) -> None:
    with pytest.raises(Conflict, match="follows the schedule Payments already"):
        commands.save_schedule(
            acting(both.mia), None, team=both.team, name="Other", chat_group={"group": "Payments-OnCall"}
        )


def test_what_is_no_group_is_refused(pay: Payments, connect: Callable[[str], Any]) -> None:
    for group, chat, field in (
        ("two words", "", "chat_group.group"),
        ("payments", "nowhere", "chat_group.chat"),
        ("a" * 90, "", "chat_group.group"),
    ):
        with pytest.raises(Refused) as refused:
            commands.save_schedule(
                acting(pay.mia), None, team=pay.team, name="Other", chat_group={"chat": chat, "group": group}
            )
        assert refused.value.field == field and refused.value.fix
    Workspace.objects.filter(pk=pay.workspace.pk).update(team=make.team())
    with pytest.raises(Refused, match="belongs to another team"):
        pay.name()
    _, mattermost = connect("mattermost")
    with pytest.raises(Refused, match="no such chat workspace with user groups"):
        commands.save_schedule(
            acting(pay.mia), None, team=pay.team, name="Other", chat_group={"chat": mattermost.slug, "group": "x"}
        )


def test_another_group_is_filled_and_the_old_one_left_as_it_is(both: Payments) -> None:
    both.server.add_group("pay", "S0PAY000")
    both.name("S0PAY000")
    assert both.server.groups["S0PAY000"]["users"] == ["U0KIM00"] and both.users == ["U0KIM00"]
    assert both.row.group == "S0PAY000"


def test_without_it_nothing_is_wrong_any_more(pay: Payments) -> None:
    pay.server.scopes.clear()
    pay.name()
    assert open_defects()
    with pytest.raises(Conflict, match="Still used: the schedule Payments"):
        delete_workspace(make.actor(), pay.workspace)
    row = pay.schedule
    commands.save_schedule(acting(pay.mia), row, team=row.team, name=row.name, chat_group={})
    assert open_defects() == [] and not ChatGroup.objects.exists()
    pay.name()
    assert open_defects()
    commands.delete_schedule(acting(pay.mia), pay.schedule)
    assert open_defects() == [] and not ChatGroup.objects.exists()


def test_by_form(pay: Payments, client: Any) -> None:
    client.force_login(pay.mia, backend=BACKEND)
    empty = {"rotations-INITIAL_FORMS": "0", "rotations-TOTAL_FORMS": "0", "rotations-MIN_NUM_FORMS": "0"}
    form = {"name": "Payments", "team": pay.team.pk, "timezone": "UTC", "slug": "nights", **empty}
    assert "User group in Slack" in client.get("/schedules/new").content.decode()
    wrong = client.post("/schedules/new", form | {"group": "two words"})
    assert wrong.status_code == 422 and "That is no user group." in wrong.context["form"].errors["group"][0]
    assert client.post("/schedules/new", form | {"group": "@Payments-oncall"}).status_code == 302
    assert pay.row.group == "payments-oncall"
    assert 'value="@payments-oncall"' in client.get("/schedules/nights/edit").content.decode()
    assert client.post("/schedules/nights/edit", form | {"group": ""}).status_code == 302
    assert not ChatGroup.objects.exists()


def test_by_api(both: Payments, client: Any) -> None:
    client.force_login(both.mia, backend=BACKEND)
    found = client.get("/api/v1/schedules/payments").json()["chat_group"]
    assert (found["chat"], found["group"], found["error"]) == ("slack", "payments-oncall", "")
    assert [each["name"] for each in found["members"]] == ["Kim"] and found["told_at"]

    def patch(body: dict[str, Any]) -> Any:
        return client.patch("/api/v1/schedules/payments", json.dumps(body), content_type="application/json").json()

    assert patch({"description": "Cards"})["chat_group"]["group"] == "payments-oncall"
    again = client.post("/api/v1/schedules/payments/chat-group/again")
    assert again.status_code == 200 and again.json()["chat_group"]["next_try_at"]
    assert patch({"chat_group": None})["chat_group"] is None
    assert patch({"chat_group": {"group": "@payments-oncall"}})["chat_group"]["members"] == []
    assert client.post("/api/v1/schedules/search/chat-group/again").status_code == 404


def test_by_file_and_command_line(both: Payments, tmp_path: Any) -> None:
    make.person("Ada", "administrator")

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(cli, arguments)

    exported = yaml.safe_load(run("export").output)
    [said] = exported["schedules"]
    assert said["chat_group"] == {"chat": "slack", "group": "payments-oncall"}
    file = tmp_path / "watchroom.yaml"

    def apply(group: Any) -> Any:
        schedule = {"slug": "payments", "name": "Payments", "team": both.team.slug, "chat_group": group}
        file.write_text(yaml.safe_dump({"version": 1, "schedules": [schedule]}))
        return run("apply", "-f", str(file), "--json")

    assert json.loads(apply({"chat": "slack", "group": "@Payments-Oncall"}).output)["steps"] == []
    assert apply(None).exit_code == 0 and not ChatGroup.objects.exists()
    refused = apply({"chat": "nowhere", "group": "payments-oncall"})
    assert refused.exit_code == 1 and "schedules[payments]" in refused.output
    assert "No user group follows" in run("oncall", "group", "payments").output
    made = run("oncall", "group", "payments", "@payments-oncall")
    assert made.exit_code == 0 and "payments-oncall" in made.output
    run_due()
    assert "Kim" in run("oncall", "group", "payments").output
    assert run("oncall", "group", "payments", "--again").exit_code == 0
    assert "No user group follows" in run("oncall", "group", "payments", "--none").output


def test_a_file_may_name_a_workspace_that_it_makes(pay: Payments, tmp_path: Any) -> None:
    make.person("Ada", "administrator")
    said = {
        "version": 1,
        "workspaces": [{"slug": "acme", "name": "Acme", "kind": "slack"}],
        "schedules": [
            {"slug": "new", "name": "New", "team": pay.team.slug, "chat_group": {"chat": "acme", "group": "new"}}
        ],
    }
    file = tmp_path / "watchroom.yaml"
    file.write_text(yaml.safe_dump(said))
    done = CliRunner().invoke(cli, ["apply", "-f", str(file)])
    assert done.exit_code == 0, done.output
    assert ChatGroup.objects.get().workspace.slug == "acme"
    run_due()
    assert ChatGroup.objects.get().error == ""  # nobody is on call: nothing is asked


def test_looking_takes_the_same_number_of_queries_for_many(
    both: Payments, clock: TravellingClock, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    from watchroom.chat import groups

    for number in range(30):
        schedule = make.schedule(people=(both.kim, both.ben), team=both.team)
        ChatGroup.objects.create(schedule=schedule, workspace=both.workspace, group=f"g{number}")
    with django_assert_max_num_queries(20):
        assert groups.look(100) == 30


# --- The rules -------------------------------------------------------------------------------------------------------


def test_who_belongs_in_it() -> None:
    confirmed, claimed = rules.Account("U1", True), rules.Account("U2", False)
    found = rules.membership([1, 2, 3, 1], {1: [confirmed, claimed], 2: [claimed]}, "Acme")
    assert found.users == {"U1": 1}
    assert found.left_out == [
        (2, "has not confirmed their account in Acme"),
        (3, "has not added Acme under How you are reached"),
    ]


def test_how_a_group_is_written() -> None:
    assert rules.group_name(" @Payments-OnCall ") == "payments-oncall"
    assert rules.group_name("S0614TZR7") == "S0614TZR7"
    assert [rules.group_name(each) for each in ("", "@", "two words", "#room", "<!subteam^S1>", "a" * 81)] == [None] * 6


def test_accounts_of_another_workspace_do_not_count(pay: Payments) -> None:
    other = save_workspace(
        make.actor(), None, team=None, kind="slack", name="Other", settings={"url": "https://other.example.org"}
    )
    make.contact_method(
        pay.ben,
        "slack",
        {"workspace": other.pk, "user": "U0BEN00", "shown": "Ben"},
        handle=handle_of("slack", other.pk, "U0BEN00"),
        verified_at=pay.kims.verified_at,
    )
    row = pay.schedule
    together = {"name": "Both", "starts_at": "2026-01-05T09:00", "members": [[pay.ben.pk, pay.kim.pk]]}
    group = {"chat": "slack", "group": "payments-oncall"}
    commands.save_schedule(acting(pay.mia), row, team=row.team, name=row.name, rotations=[together], chat_group=group)
    run_due()
    assert pay.users == ["U0KIM00"]
