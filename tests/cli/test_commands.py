"""The command line, inside this process on the test database."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

import factories as make
from cli.shell import data, run
from watchroom.accounts.commands import set_up
from watchroom.accounts.first_run import check_token
from watchroom.cli.main import cli
from watchroom.cli.terminal_room import TerminalRoom, Words, line_of, zone_of
from watchroom.engine.loop import run_due
from watchroom.incidents.models import Incident, LogEntry
from watchroom.intake.models import AlertGroup
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import WatchroomError

pytestmark = pytest.mark.django_db


@pytest.fixture
def group(clock: TravellingClock) -> AlertGroup:
    anna = make.person("Anna", "administrator", email="anna@example.org")
    make.contact_method(anna, "browser", {"person": anna.pk})
    integration = make.integration(service=make.service("Checkout", slug="checkout", policy=make.policy((anna, 300))))
    make.signal(integration, json.dumps([{"labels": {"alertname": "Slow", "severity": "critical"}}]).encode())
    run_due()
    return AlertGroup.objects.get()


def test_an_alert_from_the_list_to_the_end(group: AlertGroup) -> None:
    assert [row["id"] for row in data("alerts")["items"]] == [group.pk]
    assert data("alerts", "--state", "resolved")["items"] == []
    assert "Slow" in run("alerts").output
    assert any(line["future"] for line in data("alert", str(group.pk))["escalation"]["trace"])
    assert data("ack", str(group.pk))["state"] == "acknowledged"
    assert data("unack", str(group.pk))["state"] == "firing"
    assert data("note", str(group.pk), "seen in both regions")["text"] == "seen in both regions"
    assert data("resolve", str(group.pk))["state"] == "resolved"


def test_why_it_paged_is_told_with_times_in_a_zone(group: AlertGroup) -> None:
    lines = run("why", str(group.pk)).output.strip().splitlines()
    dated = [line for line in lines if line.startswith("2026")]
    assert len(dated) > 2 and all(re.match(r"2026-03-02 09:\d\d:\d\d UTC  ", line) for line in dated), lines


def test_an_incident_from_the_shell(group: AlertGroup) -> None:
    made = data("declare", "Checkout fails", "--severity", "2", "--group", str(group.pk))
    incident = Incident.objects.get(pk=made["id"])
    assert (incident.severity, list(incident.alert_groups.all())) == (2, [group])
    data("log", str(incident.pk), "p99 is at 4 s", "--kind", "symptom")
    assert LogEntry.objects.filter(kind="symptom", text="p99 is at 4 s").exists()
    started = data("mitigation", "start", str(incident.pk), "--title", "Roll back", "--kind", "roll_back")
    data("mitigation", "finish", str(started["id"]), "--outcome", "worked")
    data("incident", "update", str(incident.pk), "--happening", "We rolled back.", "--next", "30m")
    data("incident", "mitigate", str(incident.pk))
    data("incident", "resolve", str(incident.pk))
    shown = data("incident", "show", str(incident.pk))
    assert shown["status"] == "resolved" and any(line["kind"] == "symptom" for line in shown["log"])
    assert "Checkout fails" in run("incident", "list").output
    drafted = data("postmortem", "draft", str(incident.pk))
    assert "p99 is at 4 s" in json.dumps(data("postmortem", "show", str(drafted["id"])))
    assert [each["id"] for each in data("postmortem", "list", "--state", "draft")["items"]] == [drafted["id"]]
    assert data("postmortem", "list", "--state", "published")["items"] == []
    assert data("action", "list", "--show", "overdue")["items"] == []
    item = data(
        "action",
        "create",
        "Fail the build when an index is dropped",
        "--owner",
        "anna@example.org",
        "--due",
        "2026-03-20",
        "--incident",
        str(incident.pk),
    )
    assert data("action", "complete", str(item["id"]))["state"] == "done"


def test_who_is_on_call_now_and_then(group: AlertGroup, monkeypatch: pytest.MonkeyPatch) -> None:
    ben = make.person("Ben", email="ben@example.org")
    anna = make.person("Anna B.")
    make.schedule("Payments", slug="payments", people=(anna, ben), starts_at="2026-03-02T09:00")
    assert "Anna B." in json.dumps(data("oncall", "who"))
    assert "Ben" in json.dumps(data("oncall", "who", "--at", "2026-03-10T12:00:00Z"))
    for number in range(4):
        make.schedule(slug=f"other-{number}", people=(ben,))
    monkeypatch.setattr("watchroom.cli.oncall.AT_ONCE", 2)
    found = data("oncall", "who")
    slugs = [each["schedule"] for each in (found["items"] if isinstance(found, dict) else found)]
    assert slugs == ["other-0", "other-1", "other-2", "other-3", "payments"]
    assert data(
        "oncall", "shifts", "--schedule", "payments", "--from", "2026-03-02T00:00:00Z", "--to", "2026-03-20T00:00:00Z"
    )


def test_two_words_hand_over_a_shift(group: AlertGroup) -> None:
    ben = make.person("Ben", "manager", email="ben@example.org")
    anna = make.person("Anna B.", "manager", email="anna.b@example.org")
    make.schedule("Payments", slug="payments", people=(anna, ben), starts_at="2026-03-02T09:00")
    assert "Ben" in json.dumps(data("oncall", "cover", "payments"))
    handed = data("oncall", "cover", "payments", "ben@example.org", "--as", "anna.b@example.org")
    assert (handed["person"]["name"], handed["ends_at"]) == ("Ben", "2026-03-02T10:00:00Z")
    taken = data("oncall", "take", "payments", "--as", "anna.b@example.org")
    assert (taken["replaces"]["name"], taken["ends_at"]) == ("Ben", "2026-03-02T10:00:00Z")
    assert "--minutes" in run("oncall", "cover", "payments", "ben@example.org", "--from", "2026-03-02T09:00:00Z").output


def test_every_listing_answers(group: AlertGroup) -> None:
    for name in (
        "people",
        "teams",
        "services",
        "schedules",
        "policies",
        "integrations",
        "routes",
        "status-pages",
        "audit",
        "notifications",
        "status",
    ):
        result = run(name)
        assert result.exit_code == 0, (name, result.output, result.exception)
        data(name)


def test_an_integration_is_looked_after_by_command_line(group: AlertGroup) -> None:
    made = data("integration", "create", "Icinga", "--team", group.team.slug, "--source", "nagios")
    assert "object NotificationCommand" in run("integration", "setup", "icinga").output
    assert run("integration", "change", "icinga", "--rate", "60", "--service", "checkout").exit_code == 0
    shown = data("integration", "show", "icinga")
    assert (shown["rate_per_minute"], shown["service"], shown["name"], shown["key"]) == (60, "checkout", "Icinga", None)
    assert run("integration", "pause", "icinga").exit_code == 0 and data("integration", "show", "icinga")["paused"]
    assert run("integration", "resume", "icinga").exit_code == 0 and not data("integration", "show", "icinga")["paused"]
    assert data("integration", "rotate-key", "icinga")["key"] not in ("", None, made["key"])
    assert run("integration", "delete", "icinga").exit_code == 0
    assert run("integration", "show", "icinga").exit_code == 1


def test_inhibition_by_command_line(group: AlertGroup) -> None:
    said = ("--while", "alertname=NodeDown", "--hold", 'severity=~"warning|info"', "--equal", "node")
    made = data("inhibition", "add", "Nodes", *said)
    assert (made["source_matchers"], made["equal"]) == (['alertname="NodeDown"'], ["node"])
    assert "NodeDown" in run("inhibition", "list").output
    assert run("inhibition", "delete", str(made["id"])).exit_code == 0
    assert "Nothing holds" in run("inhibition", "list").output


def test_a_new_integration_shows_its_key_once(group: AlertGroup) -> None:
    key = data("integration", "create", "Prometheus Berlin", "--team", group.team.slug)["key"]
    assert key.startswith("wri_")
    assert key not in run("integrations", "--json").output
    way = data("route", "test", "team=payments")
    assert way["outcomes"][0]["path"] == ["everything else"]
    assert [(each["name"], each["verdict"]) for each in way["visits"]] == [("everything else", "takes")]
    assert "everything else takes it" in run("route", "test", "team=payments").output
    assert run("route", "test", "team").exit_code == 2


def test_refusals_and_wrong_usage(group: AlertGroup) -> None:
    refused = run("ack", "999999")
    assert refused.exit_code == 1 and "999999" in refused.output
    assert run("ack", "not-a-number").exit_code == 2
    assert run("incident", "update", "1", "--happening", "x", "--next", "soon").exit_code == 2
    nobody = run("alerts", "--as", "nobody@example.org")
    assert nobody.exit_code == 1 and "nobody@example.org" in nobody.output


def test_without_anybody_it_says_what_to_do(db: None) -> None:
    result = run("alerts")
    assert result.exit_code == 1 and "watchroom serve" in result.output


def test_the_room_from_the_shell(group: AlertGroup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert "No incident is open." in run("log", "hello").stderr
    first = data("declare", "Checkout fails")["id"]
    picture = tmp_path / "graph.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\nx")
    entry = data("log", "p99 is at 4 s", "--kind", "symptom", "--attach", str(picture))
    assert entry["attachments"][0]["name"] == "graph.png"  # into the only one that is open
    second = data("declare", "Search fails")["id"]
    assert "2 incidents are open" in run("log", "hello").stderr
    assert f"#{second}: " in run("log", str(second), "hello").output
    assert f"#{second}: " in run("log", "/task", "Look at the index").output  # the one chosen last
    assert [row["text"] for row in data("task", "list", str(second))] == ["Look at the index"]
    task = data("task", "add", str(second), "Ask Search", "--assignee", "anna@example.org")
    assert data("task", "set", str(task["id"]), "--state", "done")["state"] == "done"
    parked = data("parking", "add", str(second), "Show the queue on the dashboard")
    assert data("parking", "take-up", str(parked["id"]))["became"].startswith("/actions/")
    assert "Show the queue" in run("parking", "list", str(second)).output
    data("log", str(first), "/hypothesis The release")
    assert "The release" in run("incident", "board", str(first)).output
    shown = run("incident", "catch-up", str(first), "--since", "start").output
    assert "The release" in shown
    assert "Next" in shown

    sat = CliRunner().invoke(cli, ["room", str(first)], input="We look at it\n/symptom Carts are empty\n/nonsense\n")
    assert sat.exit_code == 0, sat.output
    assert "p99 is at 4 s" in sat.output
    assert "Carts are empty" in sat.output
    assert "There is no command /nonsense." in sat.output
    assert LogEntry.objects.filter(incident=first, text="We look at it").count() == 1


def test_what_completes_in_the_terminal() -> None:
    words = Words(
        {
            "commands": [{"name": "task", "does": "Something to do"}, {"name": "test", "does": "You test it"}],
            "people": [{"handle": "ada.l", "name": "Ada Lovelace"}],
        }
    )

    def offered(text: str) -> list[str]:
        return [each.text for each in words.get_completions(Document(text), CompleteEvent())]

    assert offered("/t") == ["/task ", "/test "]
    assert offered("/task @love") == ["@ada.l "]
    assert offered("a /t") == []


def test_without_a_connection_lines_wait_and_are_sent_in_order_and_once(clock: TravellingClock) -> None:
    sent: list[tuple[str, str]] = []
    away = True

    class Server:
        def post(self, path: str, *, text: str, client_key: str) -> Any:
            if away:
                raise WatchroomError("Watchroom can't be reached: no route.")
            sent.append((text, client_key))
            return {"text": "Wrote it.", "entry": {"id": 1}}

    shown: list[str] = []
    room = TerminalRoom(Server(), 1, lambda text: shown.append(str(text)))  # type: ignore[arg-type]
    room.write("first")
    room.write("second")
    assert sent == []
    assert shown[-1] == "Waiting to be sent: first"
    away = False
    room.write("third")
    room.send_waiting()
    assert [text for text, _ in sent] == ["first", "second", "third"]
    assert len({key for _, key in sent}) == 3


def test_in_the_terminal_room_times_are_those_of_whoever_sits_there() -> None:
    class Server:
        def get(self, path: str) -> Any:
            return {"/people/me": {"timezone": "Asia/Kolkata"}}[path]

    entry = {"id": 1, "at": "2026-03-02T09:00:00Z", "kind": "note", "author": None, "data": {}, "standing": ""}
    line = line_of(entry | {"text": "x", "attachments": []}, zone=zone_of(Server()))  # type: ignore[arg-type]
    assert str(line).startswith("14:30 note")


def test_a_new_database_says_where_to_begin(db: None, configured: Any) -> None:
    """Also where gate, web and engine run apart, and no `serve` prints it."""
    configured(WATCHROOM_URL="https://watch.example.org")
    said = run("doctor").output
    address = next(word for word in said.split() if word.startswith("https://watch.example.org/welcome?token="))
    check_token(address.partition("token=")[2])
    set_up(name="Anna", email="anna@example.org", password="a long password", timezone="UTC")
    assert "welcome?token" not in run("doctor").output
