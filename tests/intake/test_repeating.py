"""Silences and maintenance that come again: what they hold, let go, and hold again; by page, API, command line and file."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from django.test import Client

import factories as make
from watchroom.cli.main import cli
from watchroom.engine.loop import run_due
from watchroom.intake import commands
from watchroom.intake.asked.alertmanager import silences as as_alertmanager
from watchroom.intake.models import AlertGroup, Integration, MaintenanceWindow, Silence
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Conflict, Refused
from watchroom.paging.models import Notification

MONDAY = datetime(2026, 3, 23, 20, tzinfo=UTC)  # the clocks of Berlin change on the Sunday after it
HOUR = timedelta(hours=1)
NIGHTLY = {
    "starts_at": MONDAY + HOUR,  # 22:00 in Berlin
    "ends_at": MONDAY + 3 * HOUR,
    "repeats": "FREQ=DAILY",
    "timezone": "Europe/Berlin",
}


@pytest.fixture
def integration(clock: TravellingClock, db: None) -> Integration:
    clock.to(MONDAY)
    anna = make.person("Anna", "responder")
    make.contact_method(anna, "browser", {"person": anna.pk})
    return make.integration(service=make.service("Checkout", policy=make.policy((anna, 300))))


def fire(integration: Integration, clock: TravellingClock, name: str = "DiskFull") -> AlertGroup:
    alert = {
        "labels": {"alertname": name, "severity": "critical"},
        "endsAt": (clock() + timedelta(days=30)).isoformat(),
    }
    make.signal(integration, json.dumps([alert]).encode())
    run_due()
    return AlertGroup.objects.filter(group_labels__alertname=name).latest("id")


def nightly(**more: Any) -> Silence:
    made = commands.save_silence(
        make.actor(), None, matchers=['alertname="DiskFull"'], comment="the nightly import", **{**NIGHTLY, **more}
    )
    run_due()
    return made


def window(**more: Any) -> MaintenanceWindow:
    service = Integration.objects.get().service
    assert service is not None
    made = commands.save_maintenance(
        make.actor(), None, team=service.team, title="Import", services=[service], **{**NIGHTLY, **more}
    )
    run_due()
    return made


def pages() -> int:
    return Notification.objects.filter(purpose="page").exclude(state="cancelled").count()


def go(clock: TravellingClock, to: datetime) -> None:
    clock.to(to)
    run_due()


def test_it_holds_at_the_same_local_hour_each_night_and_lets_go_in_between(
    clock: TravellingClock, integration: Integration
) -> None:
    silence = nightly()
    assert (silence.state, silence.starts_at) == ("pending", MONDAY + HOUR)
    go(clock, MONDAY + HOUR)
    group = fire(integration, clock)
    assert pages() == 0 and group.held["id"] == silence.pk
    go(clock, MONDAY + 3 * HOUR)
    group.refresh_from_db()
    assert group.held is None and pages() == 1  # what still fires pages at once
    silence.refresh_from_db()
    assert (silence.state, silence.starts_at) == ("pending", MONDAY + timedelta(days=1, hours=1))
    go(clock, MONDAY + timedelta(days=7, hours=1))  # an engine that slept for a week: the clocks have changed meanwhile
    silence.refresh_from_db()
    assert (silence.state, silence.starts_at) == ("active", MONDAY + timedelta(days=7))
    group.refresh_from_db()
    assert group.held["kind"] == "silence"


def test_maintenance_comes_again_and_its_end_pages_what_still_fires(
    clock: TravellingClock, integration: Integration
) -> None:
    made = window(
        repeats="FREQ=WEEKLY;BYDAY=TU",
        starts_at=MONDAY + timedelta(days=1),
        ends_at=MONDAY + timedelta(days=1, hours=3),
    )
    for week in range(2):
        go(clock, MONDAY + timedelta(days=1 + 7 * week))
        group = fire(integration, clock, f"Import{week}")
        assert group.held is not None and group.held["id"] == made.pk
        go(clock, MONDAY + timedelta(days=1 + 7 * week, hours=3))
        group.refresh_from_db()
        assert group.held is None
    assert pages() >= 2


def test_one_hour_more_is_for_the_running_occurrence_alone(clock: TravellingClock, integration: Integration) -> None:
    silence = nightly()
    go(clock, MONDAY + 2 * HOUR)
    commands.extend_silence(make.actor(), silence, silence.ends_at + HOUR)
    assert silence.ends_at == MONDAY + 4 * HOUR
    go(clock, MONDAY + 3.5 * HOUR)
    assert fire(integration, clock).held is not None
    go(clock, MONDAY + 4 * HOUR)
    assert pages() == 1
    silence.refresh_from_db()
    assert silence.ends_at - silence.starts_at == 2 * HOUR
    with pytest.raises(Refused):
        commands.extend_silence(make.actor(), silence, silence.starts_at)


def test_leaving_out_one_time_leaves_the_others_and_twice_is_once(
    clock: TravellingClock, integration: Integration
) -> None:
    silence = nightly()
    go(clock, MONDAY + 2 * HOUR)
    group = fire(integration, clock)
    began = silence.starts_at
    for _ in range(2):
        commands.skip_silence(make.actor(), silence, began)
    run_due()
    group.refresh_from_db()
    assert group.held is None and pages() == 1
    assert (silence.state, silence.starts_at) == ("pending", MONDAY + timedelta(days=1, hours=1))
    commands.skip_silence(make.actor(), silence)
    assert silence.starts_at == MONDAY + timedelta(days=2, hours=1)
    commands.expire_silence(make.actor(), silence)
    go(clock, MONDAY + timedelta(days=3))
    silence.refresh_from_db()
    assert (silence.state, silence.due_at, silence.repeats) == ("expired", None, "")
    with pytest.raises(Conflict):
        commands.skip_silence(make.actor(), silence)
    with pytest.raises(Conflict):
        commands.extend_silence(make.actor(), silence, clock() + HOUR)


def test_a_change_brings_nothing_back_that_was_ended_or_left_out_meanwhile(
    clock: TravellingClock, integration: Integration
) -> None:
    silence, plan = nightly(), window()
    stale, stale_plan = Silence.objects.get(pk=silence.pk), MaintenanceWindow.objects.get(pk=plan.pk)
    go(clock, MONDAY + 2 * HOUR)
    commands.skip_silence(make.actor(), Silence.objects.get(pk=silence.pk))
    commands.skip_maintenance(make.actor(), MaintenanceWindow.objects.get(pk=plan.pk))
    tomorrow = MONDAY + timedelta(days=1, hours=1)
    said = {"matchers": ['alertname="DiskFull"'], "comment": "It is known", **NIGHTLY}
    assert commands.save_silence(make.actor(), stale, **said).starts_at == tomorrow
    assert integration.service is not None
    planned = {"team": plan.team, "title": "Import", "services": [integration.service], **NIGHTLY}
    assert commands.save_maintenance(make.actor(), stale_plan, **planned).starts_at == tomorrow
    commands.expire_silence(make.actor(), Silence.objects.get(pk=silence.pk))
    commands.end_maintenance(make.actor(), MaintenanceWindow.objects.get(pk=plan.pk))
    with pytest.raises(Conflict, match="ended"):
        commands.save_silence(make.actor(), stale, **said)
    with pytest.raises(Conflict, match="ended"):
        commands.save_maintenance(make.actor(), stale_plan, **planned)
    silence.refresh_from_db()
    plan.refresh_from_db()
    assert (silence.state, plan.ends_at, plan.repeats) == ("expired", clock(), "")


def test_after_its_last_time_it_is_over(clock: TravellingClock, integration: Integration) -> None:
    silence = nightly(repeats="FREQ=DAILY;UNTIL=20260324")
    go(clock, MONDAY + timedelta(days=2))
    silence.refresh_from_db()
    assert (silence.state, silence.repeats, silence.due_at) == ("expired", "", None)
    assert silence.ends_at == MONDAY + timedelta(hours=3)  # that is what it came to: the second was slept through


def test_what_never_comes_or_never_ends_is_refused(clock: TravellingClock, integration: Integration) -> None:
    for wrong, field in (
        ({"repeats": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31"}, "repeats"),
        ({"repeats": "FREQ=SECONDLY"}, "repeats"),
        ({"ends_at": MONDAY + timedelta(days=2)}, "ends_at"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"starts_at": datetime(9999, 12, 30, tzinfo=UTC), "ends_at": datetime(9999, 12, 31, tzinfo=UTC)}, "starts_at"),
    ):
        with pytest.raises(Refused) as refused:
            nightly(**wrong)
        assert refused.value.field == field and refused.value.fix
    assert not Silence.objects.exists()


def test_the_drop_in_api_shows_the_present_occurrence_and_lengthens_only_that(
    clock: TravellingClock, integration: Integration
) -> None:
    silence = nightly()
    go(clock, MONDAY + timedelta(days=1, hours=2))
    shown = as_alertmanager.one(integration, str(silence.uuid))
    assert (shown["status"]["state"], shown["startsAt"][:16]) == ("active", "2026-03-24T21:00")
    Silence.objects.update(team=integration.team)
    longer = {**shown, "endsAt": "2026-03-25T01:00:00Z"}
    assert as_alertmanager.save(integration, json.dumps(longer).encode())["silenceID"] == str(silence.uuid)
    silence.refresh_from_db()
    assert (silence.ends_at.hour, silence.repeats) == (1, "FREQ=DAILY")
    other = {**longer, "matchers": [{"name": "a", "value": "b", "isRegex": False}]}
    with pytest.raises(Refused, match="repeats"):
        as_alertmanager.save(integration, json.dumps(other).encode())
    as_alertmanager.expire(integration, str(silence.uuid))
    assert as_alertmanager.one(integration, str(silence.uuid))["status"]["state"] == "expired"


def test_by_page_it_is_previewed_made_skipped_and_ended(
    clock: TravellingClock, client: Client, integration: Integration
) -> None:
    person = make.person("Rita", "responder")
    person.timezone = "Europe/Berlin"
    person.save()
    client.force_login(person)
    times = {"starts_at": "2026-03-24T22:00", "hours": "2", "again": "month-weekday", "timezone": "Europe/Berlin"}
    preview = client.get("/silences/occurrences", times).content.decode()
    assert "Every month on the 4th Tuesday" in preview and "2026-04-28 22:00 CEST" in preview
    assert preview.count("<li>") == 5
    assert "Choose" in client.get("/silences/occurrences", {**times, "hours": "900"}).content.decode()
    wrong = client.get(
        "/silences/occurrences", {**times, "again": "own", "rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31"}
    )
    assert "never happen" in wrong.content.decode()
    assert "<li>" not in client.get("/silences/occurrences", {"hours": "1"}).content.decode()
    values = {"matchers": 'alertname="DiskFull"', "comment": "x", "team": "", **times}
    assert client.post("/silences/new", {**values, "starts_at": "9999-12-31T23:59", "hours": "8"}).status_code == 422
    assert client.post("/silences/new", {**values, "timezone": "Nowhere"}).status_code == 422
    assert client.post("/silences/new", values).status_code == 302
    silence = Silence.objects.get()
    assert (silence.repeats, silence.timezone) == ("FREQ=MONTHLY;BYDAY=4TU", "Europe/Berlin")
    page = client.get("/silences").content.decode()
    assert "Every month on the 4th Tuesday" in page and "Leave out the next time" in page
    data = {"occurrence": silence.starts_at.isoformat()}
    for _ in range(2):
        client.post(f"/silences/{silence.pk}/skip", data)
    silence.refresh_from_db()
    assert silence.starts_at == datetime(2026, 4, 28, 20, tzinfo=UTC)
    service = Integration.objects.get().service
    assert service is not None
    weekly = {
        "title": "Patches",
        "services": [service.slug],
        "team": service.team.slug,
        **times,
        "again": "week",
        "days": ["TU", "TH"],
    }
    assert client.post("/maintenance/new", weekly).status_code == 302
    made = MaintenanceWindow.objects.get()
    assert made.repeats == "FREQ=WEEKLY;BYDAY=TU,TH"
    client.post(f"/maintenance/{made.pk}/extend", {"hours": "1"})
    made.refresh_from_db()
    assert made.ends_at - made.starts_at == 3 * HOUR
    client.post(f"/maintenance/{made.pk}/skip", {"occurrence": made.starts_at.isoformat()})
    client.post(f"/maintenance/{made.pk}/end")
    made.refresh_from_db()
    assert made.state == "expired" and not made.repeats


def command(*arguments: str) -> str:
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    return result.output


def test_by_command_line_and_api(clock: TravellingClock, integration: Integration) -> None:
    make.person("Root", "administrator")
    said = command(
        "silence", "add", 'alertname="DiskFull"', "--for", "2h", "--comment", "import", "--repeats", "freq=weekly;byday=tu",
        "--at", "2026-03-24T22:00+01:00", "--timezone", "Europe/Berlin",
    )  # fmt: skip
    assert "every week on Tuesday" in said and "2026-03-31T20:00:00Z" in said
    pk = Silence.objects.get().pk
    command("silence", "extend", str(pk), "--by", "30m")
    row = json.loads(command("silence", "skip", str(pk), "--json"))
    assert row["starts_at"] == "2026-03-31T20:00:00Z" and row["repeats"]["first_starts_at"] == "2026-03-24T21:00:00Z"
    assert row["ends_at"] == "2026-03-31T22:00:00Z"
    command("silence", "expire", str(pk))
    assert integration.team is not None and integration.service is not None
    team, slug = integration.team.slug, integration.service.slug
    command("maintenance", "add", slug, "--title", "Patches", "--team", team, "--repeats", "FREQ=DAILY")
    number = MaintenanceWindow.objects.get().pk
    command("maintenance", "extend", str(number))
    assert "runs next from" in command("maintenance", "skip", str(number))
    command("maintenance", "end", str(number))


def test_in_a_file_it_keeps_its_first_times_whichever_occurrence_runs(
    clock: TravellingClock, integration: Integration, tmp_path: Path
) -> None:
    make.person("Root", "administrator")
    assert integration.team is not None and integration.service is not None
    team, slug = integration.team.slug, integration.service.slug
    times = {"starts_at": "2026-03-23T21:00:00Z", "ends_at": "2026-03-23T23:00:00Z", "repeats": "freq=daily"}
    said: dict[str, Any] = {
        "silences": [{"id": "import", "matchers": ["a=b"], "comment": "import", "timezone": "Europe/Berlin", **times}],
        "maintenance_windows": [{"title": "Import", "team": team, "services": [slug], **times}],
    }
    path = tmp_path / "watchroom.yaml"
    path.write_text(yaml.safe_dump(said))
    command("apply", "-f", str(path))
    for days in (0, 1, 9):
        go(clock, MONDAY + timedelta(days=days, hours=2))
        assert command("apply", "-f", str(path)).strip() == "Nothing to do."
    clock.to(MONDAY + timedelta(days=20))  # the engine has not moved it on yet
    assert command("apply", "-f", str(path)).strip() == "Nothing to do."
    shown = yaml.safe_load(command("export"))["silences"][0]
    assert (shown["starts_at"], shown["repeats"]) == (times["starts_at"], "FREQ=DAILY")
    said["silences"] = said["maintenance_windows"] = []
    path.write_text(yaml.safe_dump(said))
    command("apply", "-f", str(path), "--prune")
    assert {each.state for each in [*Silence.objects.all(), *MaintenanceWindow.objects.all()]} == {"expired"}


def test_by_page_a_silence_and_a_plan_are_changed_and_what_is_left_alone_stays(
    clock: TravellingClock, client: Client, integration: Integration
) -> None:
    person = make.person("Rita", "responder")
    person.timezone = "America/New_York"
    person.save()
    client.force_login(person)
    clock.advance(timedelta(seconds=17))
    plain = commands.save_silence(
        make.actor(), None, matchers=['a="b"'], comment="x", ends_at=clock() + timedelta(hours=3)
    )
    repeating = nightly()
    for row, text in ((plain, "x"), (repeating, "the nightly import")):
        before = (row.starts_at, row.ends_at, row.first_at, row.repeats, row.timezone)
        shown = client.get(f"/silences/{row.pk}")
        assert text in shown.content.decode()
        form = shown.context["times"]
        values = {name: form[name].value() or "" for name in form.fields if name != "days"}
        values |= {"matchers": "\n".join(row.matchers), "comment": "said better", "team": ""}
        assert client.post(f"/silences/{row.pk}", values).status_code == 302
        row.refresh_from_db()
        assert (row.starts_at, row.ends_at, row.first_at, row.repeats, row.timezone) == before
        assert row.comment == "said better"
        assert f'href="/silences/{row.pk}"' in client.get("/silences").content.decode()
    values |= {"again": "", "hours": "4", "starts_at": ""}
    assert client.post(f"/silences/{repeating.pk}", values).status_code == 302
    repeating.refresh_from_db()
    assert (repeating.repeats, repeating.first_at, repeating.state) == ("", None, "active")
    commands.expire_silence(make.actor(), repeating)
    assert client.post(f"/silences/{repeating.pk}", values).status_code == 422
    made = window()
    form = client.get(f"/maintenance/{made.pk}").context["times"]
    service = made.services.get()
    plan = {name: form[name].value() or "" for name in form.fields if name != "days"}
    plan |= {"title": "Longer import", "services": [service.slug], "team": made.team.slug, "hours": "8"}
    assert client.post(f"/maintenance/{made.pk}", plan).status_code == 302
    made.refresh_from_db()
    assert (made.title, made.repeats, made.ends_at - made.starts_at) == ("Longer import", "FREQ=DAILY", 8 * HOUR)
    client.force_login(make.person("Viewer"))
    assert client.post(f"/silences/{plain.pk}", values).status_code == 403
    assert client.post(f"/maintenance/{made.pk}", plan).status_code == 403
