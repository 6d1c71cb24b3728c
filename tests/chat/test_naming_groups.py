"""A schedule names the user group of whoever is on call: by form, API, file and command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

import factories as make
from chat.payments import BACKEND, Payments, open_defects
from watchroom.accounts.actors import acting
from watchroom.channels.chat import handle_of
from watchroom.cli.main import cli
from watchroom.engine.loop import run_due
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Conflict, Refused
from watchroom.oncall import commands, rules
from watchroom.oncall.models import ChatGroup
from watchroom.workspaces.commands import delete_workspace, save_workspace
from watchroom.workspaces.models import Workspace

pytestmark = pytest.mark.django_db


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
