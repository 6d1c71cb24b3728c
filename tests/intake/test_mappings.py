"""A mapping from its page to an alert, and the tray of what it could not read: pages, API, command line, configuration."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from django.test import Client

import factories as make
from watchroom.accounts.models import Person
from watchroom.accounts.roles import Role
from watchroom.cli.main import cli
from watchroom.config import carry_out, current, text
from watchroom.intake import commands
from watchroom.intake.commands import replay_signal
from watchroom.intake.commands.receive import read_signals
from watchroom.intake.models import Alert, Integration, Signal
from watchroom.intake.queries import tray_of
from watchroom.kernel.clock import TravellingClock

pytestmark = pytest.mark.django_db
MAPPING = "key: payload.id\ntitle: '{{ payload.what }}'\nstate: payload.state\nlabels:\n  host: payload.host\n"
WANTED = {
    "key": "payload.id",
    "title": "{{ payload.what }}",
    "state": "payload.state",
    "labels": {"host": "payload.host"},
}


@pytest.fixture
def manager() -> Person:
    return make.person("Manager", Role.MANAGER)


@pytest.fixture
def page(client: Client, manager: Person) -> Client:
    client.force_login(manager)
    return client


@pytest.fixture
def sender() -> Integration:
    return make.integration(source="json", slug="odd", name="Odd")


def send(sender: Integration, **said: Any) -> Signal:
    return make.signal(sender, json.dumps(said).encode(), "")


def test_a_mapping_is_written_beside_the_payloads_that_came(page: Client, sender: Integration) -> None:
    send(sender, id=7, what="Disk full", host="db1")
    shown = page.get("/integrations/odd/mapping").content.decode()
    assert "Disk full" in shown and "payload.id" in shown
    preview = page.post("/integrations/odd/mapping/preview", {"mapping": MAPPING}).content.decode()
    assert "host=db1" in preview and "Make a test of it" in preview
    wrong = page.post("/integrations/odd/mapping/preview", {"mapping": "key: payload.id"}).content.decode()
    assert "mapping&#x27;s title" in wrong
    refused = page.post("/integrations/odd/mapping", {"mapping": "key: payload.id("})
    assert refused.status_code == 422
    saved = page.post("/integrations/odd/mapping", {"mapping": MAPPING})
    assert saved.status_code == 302
    sender.refresh_from_db()
    assert sender.settings == {"mapping": WANTED}
    read_signals(10)
    alert = Alert.objects.get()
    assert (alert.dedup_key, alert.title, alert.labels) == ("7", "Disk full", {"host": "db1"})
    send(sender, id=7, state="resolved")
    read_signals(10)
    assert Alert.objects.get().ended_at is not None


def test_the_example_is_not_held_against_what_came(page: Client, sender: Integration) -> None:
    """Whoever opened the page for the first time saw what is wrong with an example that they had not written."""
    send(sender, number=7, what="Disk full")
    first = page.get("/integrations/odd/mapping").content.decode()
    assert "Nothing is saved yet" in first and "payload.host" in first and "Disk full" in first
    assert 'data-tone="warning"' not in first and "<code>mapping." not in first
    typed = page.post("/integrations/odd/mapping/preview", {"mapping": "key: payload.id\ntitle: payload.what"})
    assert "<code>mapping." in typed.content.decode()


def test_a_payload_becomes_a_test_that_guards_the_mapping(page: Client, sender: Integration) -> None:
    signal = send(sender, id=7, what="Disk full", host="db1")
    made = page.post("/integrations/odd/mapping", {"mapping": MAPPING, "keep": signal.pk})
    text = made.context["text"]
    assert f"Signal {signal.number}" in text and "Holds" in made.content.decode()
    assert page.post("/integrations/odd/mapping", {"mapping": text}).status_code == 302
    broken = page.post("/integrations/odd/mapping", {"mapping": text.replace("payload.what }}", "payload.that }}")})
    assert broken.status_code == 422 and "fails" in broken.content.decode()
    sender.refresh_from_db()
    assert sender.settings["mapping"]["title"] == "{{ payload.what }}"


def test_a_change_leaves_alone_how_far_it_has_been_read(sender: Integration, clock: TravellingClock) -> None:
    stale = Integration.objects.get(pk=sender.pk)
    soon = clock() + timedelta(minutes=1)
    Integration.objects.filter(pk=sender.pk).update(
        read_to=7, last_signal_at=clock(), slow_in_a_row=5, rests_until=soon, paused=True
    )
    commands.save_integration(make.actor(), stale, team=stale.team, name="Even", source="json")
    sender.refresh_from_db()
    assert (sender.name, sender.read_to, sender.last_signal_at) == ("Even", 7, clock())
    assert (sender.slow_in_a_row, sender.rests_until, sender.paused) == (5, soon, True)
    commands.save_mapping(make.actor(), sender, {"key": "payload.id", "title": "payload.what"})
    sender.refresh_from_db()
    assert (sender.read_to, sender.slow_in_a_row, sender.rests_until) == (7, 5, clock())  # it may try at once


def test_changing_the_integration_keeps_its_mapping(page: Client, sender: Integration) -> None:
    page.post("/integrations/odd/mapping", {"mapping": MAPPING})
    page.post("/integrations/odd/edit", {"name": "Odder", "source": "json", "team": sender.team.slug, "service": ""})
    sender.refresh_from_db()
    assert (sender.name, sender.settings) == ("Odder", {"mapping": WANTED})


def test_what_the_mapping_cannot_read_lies_in_the_tray_until_it_can(page: Client, sender: Integration) -> None:
    page.post("/integrations/odd/mapping", {"mapping": "key: payload.id\ntitle: payload.what\n"})
    send(sender, number=7, what="Disk full")
    send(sender, id=8, what="CPU hot")
    read_signals(10)
    told = Alert.objects.get(labels__alertname="SignalUnread")
    assert (told.severity, told.labels["integration"]) == ("error", "odd") and told.expires_at is not None
    assert [alert.title for alert in Alert.objects.exclude(pk=told.pk)] == ["CPU hot"]
    send(sender, number=9, what="Fan stands still")
    read_signals(10)
    assert Alert.objects.get(labels__alertname="SignalUnread").times == 2  # one alert, however many there are
    assert len(tray_of(sender)) == 2
    refused = tray_of(sender)[1]
    assert refused.refused and refused.problems[0]["field"] == "mapping.key"
    assert "mapping.key" in page.get("/integrations/odd").content.decode()
    assert "Disk full" in page.get("/integrations/odd/refused").content.decode()
    page.post("/integrations/odd/mapping", {"mapping": "key: payload.number\ntitle: payload.what\n"})
    assert page.post("/integrations/odd/replay-tray").status_code == 302
    read_signals(10)
    assert Alert.objects.filter(title="Disk full").exists() and not tray_of(sender)
    assert "Nothing was refused" in page.get("/integrations/odd/refused").content.decode()


def test_the_tray_is_read_page_by_page_with_few_queries(
    page: Client, sender: Integration, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        make.signal(
            sender, b"x%d" % number, "", refused=True, problems=[{"field": "body", "value": "x", "fix": "JSON"}]
        )
    with django_assert_max_num_queries(18):
        first = page.get("/integrations/odd/refused").content.decode()
    assert "x29" in first and ">x4<" not in first and "before=6" in first
    assert ">x4<" in page.get("/integrations/odd/refused?before=6").content.decode()


def test_only_who_manages_the_team_sees_payloads_and_mappings(client: Client, sender: Integration) -> None:
    send(sender, id=7, what="secret words")
    reader = make.person("Reader", Role.VIEWER)
    client.force_login(reader)
    for path in ("mapping", "refused"):
        answer = client.get(f"/integrations/odd/{path}")
        assert answer.status_code == 403 and b"secret words" not in answer.content
    assert client.post("/integrations/odd/mapping", {"mapping": MAPPING}).status_code == 403
    assert client.post("/integrations/odd/replay-tray").status_code == 403
    for method, path in (
        ("get", "mapping"),
        ("put", "mapping"),
        ("post", "mapping/try"),
        ("get", "tray"),
        ("post", "replay-tray"),
    ):
        body = {"mapping": {}} if path.startswith("mapping") else {}
        answer = getattr(client, method)(
            f"/api/v1/integrations/odd/{path}",
            body if method == "get" else json.dumps(body),
            content_type="application/json",
        )
        assert answer.status_code == 403, (method, path)


def test_the_same_over_the_api(page: Client, sender: Integration) -> None:
    def call(method: str, path: str, body: Any = None) -> Any:
        answer = page.generic(
            method, f"/api/v1/integrations/odd/{path}", json.dumps(body or {}), content_type="application/json"
        )
        return answer.status_code, answer.json()

    send(sender, id=7, what="Disk full")
    assert call("PUT", "mapping", {"mapping": MAPPING}) == (200, {"mapping": WANTED})
    assert call("GET", "mapping") == (200, {"mapping": WANTED})
    status, problem = call("PUT", "mapping", {"mapping": {"key": "payload.id", "title": "nothing.here"}})
    assert (status, problem["field"]) == (422, "mapping.title")
    _, tried = call("POST", "mapping/try")
    assert tried["payloads"][0]["alerts"][0]["title"] == "Disk full"
    _, tried = call(
        "POST",
        "mapping/try",
        {"payload": {"id": 9}, "mapping": {"key": "payload.id", "title": "'t'", "when": "payload.id > 9"}},
    )
    assert tried["payloads"] == [{"signal": None, "payload": {"id": 9}, "alerts": [], "problems": []}]
    make.signal(sender, b"[", "", refused=True, problems=[{"field": "body", "value": "[", "fix": "JSON"}])
    _, tray = call("GET", "tray")
    assert [each["body"] for each in tray["items"]] == ["["]
    assert call("POST", "replay-tray") == (202, {"replayed": 1})
    alertmanager = make.integration(team=sender.team, slug="prom")
    status, problem = (
        page.put(
            "/api/v1/integrations/prom/mapping", json.dumps({"mapping": WANTED}), content_type="application/json"
        ).status_code,
        alertmanager,
    )
    assert status == 422


def test_the_same_by_command_line(sender: Integration, tmp_path: Any) -> None:
    make.person("Root", Role.ADMINISTRATOR)

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(cli, list(arguments), catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    file = tmp_path / "mapping.yaml"
    file.write_text(MAPPING)
    signal = send(sender, id=7, what="Disk full", host="db1")
    assert "Disk full" in run("mapping", "try", "odd", "--file", str(file))
    assert "is set" in run("mapping", "set", "odd", str(file))
    assert "payload.what" in run("mapping", "show", "odd")
    assert str(signal.pk) in run("signals", "odd")
    make.signal(sender, b"[", "", refused=True, problems=[{"field": "body", "value": "[", "fix": "send JSON"}])
    assert "send JSON" in run("tray", "show", "odd")
    assert "1 signals" in run("tray", "replay", "odd")
    assert "read again" in run("signal", "replay", str(signal.pk))


def test_a_mapping_is_part_of_the_configuration(sender: Integration) -> None:
    by = make.actor()
    file = {
        "integrations": [
            {"slug": "odd", "name": "Odd", "team": sender.team.slug, "source": "json", "settings": {"mapping": MAPPING}}
        ]
    }
    steps, _ = carry_out.apply(by, text.parse(file, "file"))
    assert [step.verb for step in steps] == ["change"]
    sender.refresh_from_db()
    assert sender.settings == {"mapping": WANTED}
    assert carry_out.apply(by, text.parse(file, "file"))[0] == []
    assert current.read()["integrations"]["odd"]["settings"] == {"mapping": WANTED}
    assert WANTED["title"] in text.dump(current.read())


def test_a_replayed_signal_that_is_still_wrong_comes_back_as_a_new_one(sender: Integration) -> None:
    wrong = make.signal(sender, b"[1]", "", refused=True, problems=[{"field": "body", "value": "", "fix": "x"}])
    again = replay_signal(make.actor(), wrong)
    read_signals(10)
    assert [each.pk for each in tray_of(sender)] == [again.pk]
