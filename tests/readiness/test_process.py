"""The process page: what it says, who has read it, and who is reminded when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

import factories as make
from cli.shell import data, run
from watchroom.accounts.actors import acting
from watchroom.config.carry_out import apply
from watchroom.config.current import read as configured
from watchroom.config.text import parse
from watchroom.engine.loop import run_due
from watchroom.incidents.commands import declare, save_severity
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Conflict, NotAllowed, NotFound, Refused
from watchroom.paging.models import Notification
from watchroom.readiness.commands import acknowledge, publish_process, withdraw_process
from watchroom.readiness.queries import process as queries
from watchroom.readiness.rules.process import PLACES, SECTIONS, changes, is_time_to_remind, plain

SOME = st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=8)
MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Auckland"])


@given(SOME, SOME)
def test_a_comparison_loses_no_line_of_either(before: list[str], after: list[str]) -> None:
    found = changes(before, after)
    assert [line.text for line in found if line.sign in " -"] == before
    assert [line.text for line in found if line.sign in " +"] == after


@given(st.dictionaries(st.sampled_from(list(SECTIONS)), st.dictionaries(st.sampled_from(PLACES), st.text(max_size=5))))
def test_words_come_out_in_the_order_of_the_page_and_say_something(words: dict[str, dict[str, str]]) -> None:
    found = plain(words)
    assert [key for key in SECTIONS if key in found] == list(found)
    assert all(text.strip() for said in found.values() for text in said.values())
    assert plain(found) == found


@given(MOMENTS, ZONES, st.integers(0, 400), st.one_of(st.none(), st.integers(0, 400)))
def test_reminders_come_at_daytime_of_working_days_and_once_a_week(
    now: datetime, zone: str, asked: int, last: int | None
) -> None:
    here = ZoneInfo(zone)
    asked_at = now - timedelta(hours=asked)
    reminded = None if last is None else now - timedelta(hours=last)
    if is_time_to_remind(now, here, asked_at=asked_at, last=reminded):
        local = now.astimezone(here)
        assert local.weekday() < 5 and 9 <= local.hour < 17
        assert asked >= 24 and (reminded is None or reminded <= asked_at or now - reminded >= timedelta(days=7))


@pytest.mark.django_db
def test_it_says_what_is_configured_here(clock: TravellingClock, client: Client) -> None:
    admin = make.actor("Ada")
    save_severity(admin, 1, name="Critical", definition="More than 1 % of users can't pay.", update_minutes=20)
    commanders = make.schedule("Commanders", people=(make.person("Ben"),))
    config = {
        "role_rotations": [{"slug": "lead", "role": "commander", "schedule": commanders.slug, "least_severity": 3}],
        "stakeholder_lists": [],
    }
    apply(admin, parse(config, "file"))
    facts = {key: " ".join(fact.line for fact in said) for key, said in queries.process_facts().items()}
    assert "SEV1 Critical: More than 1 % of users can't pay." in facts["severity"]
    assert "whoever is on call in Commanders down to SEV3" in facts["roles"]
    assert "SEV1 every 20 minutes" in facts["updates"]
    assert "stakeholders have heard nothing: SEV1 after 10 min" in facts["updates"]
    assert admin.person is not None
    client.force_login(admin.person)
    page = client.get("/process").content.decode()
    assert "More than 1 % of users can&#x27;t pay." in page and "I have read this" not in page


@pytest.mark.django_db
def test_everybody_is_asked_once_it_is_published_and_again_for_a_big_change(clock: TravellingClock) -> None:
    admin, ben = make.actor("Ada"), make.actor("Ben", "viewer")
    with pytest.raises(NotFound):
        acknowledge(ben)
    first = publish_process(admin, {"declare": {"before": "Call **555**."}}, note="")
    assert queries.is_asked(ben) and queries.is_asked(admin)
    with pytest.raises(NotAllowed):
        publish_process(ben, {})
    acknowledge(ben, first.number)
    acknowledge(ben)
    assert not queries.is_asked(ben) and queries.is_asked(admin)
    small = publish_process(admin, {"declare": {"before": "Call **556**."}})
    assert not queries.is_asked(ben) and queries.is_asked(admin), "a small change asks nobody anew"
    assert [each.person for each in queries.readers(queries.asked_people(admin), small) if each.at] == [ben.person]
    big = publish_process(admin, {}, note="Nobody calls any more", asks_anew=True, expected=small.number)
    assert queries.is_asked(ben)
    with pytest.raises(Conflict):
        acknowledge(ben, first.number)
    with pytest.raises(Conflict):
        publish_process(admin, {}, expected=small.number)
    acknowledge(ben, big.number)
    withdraw_process(admin)
    assert queries.current() is None and not queries.is_asked(admin)
    again = publish_process(admin, {})
    assert (again.number, again.asks_from) == (5, 3) and not queries.is_asked(ben)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"nowhere": {"before": "x"}}, "sections"),
        ({"declare": {"beside": "x"}}, "sections.declare"),
        ({"declare": {"after": "x" * 4001}}, "sections.declare.after"),
    ],
)
def test_words_that_have_no_place_are_refused(words: Any, field: str, clock: TravellingClock) -> None:
    with pytest.raises(Refused) as refused:
        publish_process(make.actor(), words)
    assert refused.value.field == field


@pytest.mark.django_db
def test_whoever_has_not_read_it_is_reminded_at_daytime_but_never_in_the_middle_of_something(
    clock: TravellingClock,
) -> None:
    admin, ben, cleo = make.actor("Ada"), make.person("Ben", timezone="America/New_York"), make.person("Cleo")
    for person in (ben, cleo):
        make.contact_method(person, "browser", {"person": person.pk})
    acting_cleo = acting(cleo)
    publish_process(admin, {})
    acknowledge(acting_cleo)

    def told() -> int:
        return Notification.objects.filter(subject__contains="our process").count()

    run_due()
    assert told() == 0, "home has asked, and a day has not passed"
    clock.to(datetime(2026, 3, 4, 10, tzinfo=UTC))  # five in the morning where Ben is
    run_due()
    assert told() == 0
    outage = declare(admin, title="Checkout is down", severity=1)
    clock.to(datetime(2026, 3, 4, 15, tzinfo=UTC))
    run_due()
    assert told() == 0, "something goes on for which people are woken"
    outage.status = "resolved"
    outage.save()
    clock.to(datetime(2026, 3, 4, 16, tzinfo=UTC))
    run_due()
    assert [row.person for row in Notification.objects.filter(subject__contains="our process")] == [ben]
    clock.to(datetime(2026, 3, 6, 16, tzinfo=UTC))
    run_due()
    assert told() == 1, "once a week"
    clock.to(datetime(2026, 3, 11, 17, tzinfo=UTC))
    run_due()
    assert told() == 2
    withdraw_process(admin)
    clock.to(datetime(2026, 3, 25, 17, tzinfo=UTC))
    run_due()
    assert told() == 2


@pytest.mark.django_db
def test_managers_know_of_their_team_and_others_only_of_themselves(clock: TravellingClock, client: Client) -> None:
    admin, boss, member, stranger = make.actor("Ada"), make.person("Boss"), make.person("Mia"), make.person("Sam")
    team = make.team("Shop")
    make.membership(team, boss, "manager")
    make.membership(team, member)
    publish_process(admin, {})
    client.force_login(boss)
    assert {each["name"] for each in client.get("/api/v1/process/readers").json()["items"]} == {"Boss", "Mia"}
    assert "Sam" not in client.get("/process/who").content.decode()
    client.force_login(stranger)
    assert [each["name"] for each in client.get("/api/v1/process/readers").json()["items"]] == ["Sam"]
    assert client.get("/process/edit").status_code == 403
    assert client.post("/process/withdraw").status_code == 403
    assert client.put("/api/v1/process", {}, content_type="application/json").status_code == 403
    assert client.delete("/api/v1/process").status_code == 403
    client.force_login(admin.person)
    page = client.get(f"/process/who?team={team.slug}").content.decode()
    assert "Mia" in page and "Sam" not in page


@pytest.mark.django_db
def test_it_is_written_read_and_compared_by_page(clock: TravellingClock, client: Client) -> None:
    admin = make.person("Ada", "administrator")
    client.force_login(admin)
    assert "Read how we respond" not in client.get("/").content.decode()
    form = {"declare.before": "Call **555**.", "expected": "0", "asks_anew": "on"}
    assert client.post("/process/edit", form).status_code == 302
    assert "Read how we respond" in client.get("/").content.decode()
    page = client.get("/process").content.decode()
    assert "Call <strong>555</strong>." in page and "I have read this" in page
    assert client.post("/process/read", {"version": "1"}).status_code == 302
    assert "Read how we respond" not in client.get("/").content.decode()
    assert "You have read it" in client.get("/process").content.decode()
    stale = client.post("/process/edit", {"declare.before": "Mine", "expected": "0"})
    assert stale.status_code == 409 and "Mine" in stale.content.decode()
    form = {"declare.before": "Call **556**.", "expected": "1", "asks_anew": "on", "note": "Another number"}
    client.post("/process/edit", form)
    page = client.get("/process").content.decode()
    assert "<del>Call **555**.</del>" in page and "<ins>Call **556**.</ins>" in page and "Another number" in page
    save_severity(acting(admin), 2, definition="Much is slow.")
    assert "What is configured has changed since version 2" in client.get("/process").content.decode()
    assert "Another number" in client.get("/process/versions").content.decode()
    assert "<ins>Call **556**.</ins>" in client.get("/process/versions/2").content.decode()
    assert client.get("/process/versions/9").status_code == 404
    answer = client.get("/api/v1/process/versions/2").json()
    assert answer["words_changed"][0]["lines"][0] == {"sign": "-", "text": "Call **555**."}


@pytest.mark.django_db
def test_a_file_says_the_words_and_a_big_change_asks_anew(clock: TravellingClock) -> None:
    admin, ben = make.actor("Ada"), make.actor("Ben")
    file: dict[str, Any] = {"process": [{"of": "everybody", "sections": {"meet": {"after": "In the kitchen."}}}]}
    assert apply(admin, parse(file, "file"))[0]
    assert apply(admin, parse(file, "file"))[0] == []
    acknowledge(ben)
    file["process"][0]["sections"]["meet"]["after"] = "In the hall."
    apply(admin, parse(file, "file"))
    assert not queries.is_asked(ben)
    file["process"][0]["big_change"] = "We meet in the hall"
    apply(admin, parse(file, "file"))
    assert queries.is_asked(ben)
    assert apply(admin, parse(file, "file"))[0] == []
    there = configured()["process"]["everybody"]
    assert there["sections"] == {"meet": {"before": "", "after": "In the hall."}}
    assert there["big_change"] == "We meet in the hall"
    apply(admin, parse({"process": []}, "file"), prune=True)
    assert queries.current() is None


@pytest.mark.django_db
def test_the_page_asks_as_much_of_the_database_whatever_there_is(
    clock: TravellingClock, client: Client, django_assert_max_num_queries: Any
) -> None:
    admin = make.actor("Ada")
    publish_process(admin, {})
    client.force_login(admin.person)
    client.get("/process")
    for number in range(12):
        config = {
            "severities": [{"level": 1, "name": "Critical"}],
            "role_rotations": [
                {"slug": f"r{number}", "role": "expert", "schedule": make.schedule(people=(make.person(),)).slug}
            ],
            "incident_types": [{"slug": f"t{number}", "name": f"Kind {number}", "team": make.team().slug}],
        }
        apply(admin, parse(config, "file"))
    with django_assert_max_num_queries(26):
        client.get("/process")
    with django_assert_max_num_queries(14):
        client.get("/process/who")


@pytest.mark.django_db
def test_by_command_line(clock: TravellingClock, tmp_path: Path) -> None:
    make.person("Ada", "administrator")
    words = tmp_path / "words.yaml"
    words.write_text("declare: {before: 'Call 555.'}\n")
    assert "Version 1 is published." in run("process", "publish", str(words)).output
    assert [each["name"] for each in data("process", "who")["items"]] == ["Ada"]
    assert "Call 555." in run("process", "show").output and "watchroom process read" in run("process", "show").output
    assert "You have read version 1." in run("process", "read").output
    assert data("process", "who")["items"] == [] and data("process", "who", "--all")["items"][0]["version"] == 1
    assert "Version 2 is published." in run("process", "publish", "--note", "Nothing", "--asks-anew").output
    assert data("process", "show")["sections"][0]["before"] == "Call 555."
    assert data("process", "show", "--version", "2")["note"] == "Nothing"
    assert [each["number"] for each in data("process", "versions")["items"]] == [2, 1]
    assert run("process", "read", "--version", "1").exit_code == 1
    assert run("process", "withdraw").exit_code == 0 and data("process", "show")["version"] is None
