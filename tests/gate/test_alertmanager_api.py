"""Alertmanager's own tools against Watchroom: what they ask, and what they change."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

import factories
from gate.answering import answering_gate
from gate.running import Answer, Running
from peers.programs import find
from watchroom.accounts.models import AuditRecord
from watchroom.intake.commands.holds import review
from watchroom.intake.commands.receive import read_signals
from watchroom.intake.models import AlertGroup, InhibitRule, Integration, Route, Silence
from watchroom.kernel import clock

Make = Callable[..., tuple[Integration, str]]


@pytest.fixture
def answering(transactional_db: None) -> Iterator[Running]:
    factories.person()  # an installation without people leads everybody to its first run
    with answering_gate() as running:
        yield running


def fire(gate: Running, key: str, *labels: dict[str, str]) -> None:
    assert gate.send(key, [{"labels": each} for each in labels]).status == 200
    read_signals(10)


def get(gate: Running, key: str, path: str) -> Any:
    answer = gate.ask("GET", f"/in/{key}/api/v2{path}")
    assert answer.status == 200, answer.body
    return answer.json


def post_silence(gate: Running, key: str, **changed: Any) -> Answer:
    now = clock.now()
    said = {
        "matchers": [{"name": "alertname", "value": "Disk", "isRegex": False}],
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(hours=1)).isoformat(),
        "createdBy": "kim",
        "comment": "new disks",
    } | changed
    return gate.ask("POST", f"/in/{key}/api/v2/silences", json.dumps(said).encode(), Content_Type="application/json")


def amtool(gate: Running, key: str, *arguments: str) -> str:
    done = subprocess.run(
        [find("amtool", package="prometheus-alertmanager"), f"--alertmanager.url=http://127.0.0.1:{gate.port}/in/{key}", *arguments],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_amtool_adds_lists_and_silences(answering: Running, integration: Make) -> None:
    _, key = integration()
    amtool(answering, key, "alert", "add", "Disk", "host=db1", "--annotation=summary=full")
    read_signals(10)
    shown = json.loads(amtool(answering, key, "alert", "query", "-o", "json", "host=~db.*"))
    assert [each["labels"] for each in shown] == [{"alertname": "Disk", "host": "db1"}]
    assert shown[0]["status"]["state"] == "active"
    assert json.loads(amtool(answering, key, "alert", "query", "-o", "json", "host=other")) == []

    made = amtool(
        answering, key, "silence", "add", "-a", "kim", "-c", "new disks", "-d", "2h", "alertname=Disk"
    ).strip()
    silence = Silence.objects.get(uuid=made)
    assert (silence.matchers, silence.comment) == (['alertname="Disk"'], "new disks")
    assert silence.author_name.startswith("kim (through ")
    assert made in amtool(answering, key, "silence", "query", "alertname=Disk")
    assert made in amtool(answering, key, "silence", "update", "-d", "3h", made)
    silence.refresh_from_db()
    assert silence.ends_at > clock.now() + timedelta(hours=2, minutes=30)
    assert silence.author_name.count("through") == 1
    amtool(answering, key, "silence", "expire", made)
    silence.refresh_from_db()
    assert silence.state == "expired"
    assert made in amtool(answering, key, "silence", "query", "--expired", "alertname=Disk")


def test_amtool_reads_the_routes(answering: Running, integration: Make) -> None:
    _, key = integration()
    policy = factories.policy(name="Databases")
    Route.objects.create(name="db", matchers=['job=~"db.*"', 'severity!="info"'], policy=policy, group_by=["..."])
    Route.objects.create(name="odd", matchers=['team="a\\"b"'], goes_on=True, group_wait_seconds=90, position=1)
    InhibitRule.objects.create(
        name="down", source_matchers=['alertname="Down"'], target_matchers=['severity="warning"'], equal=["host"]
    )
    shown = amtool(answering, key, "config", "routes", "show")
    assert policy.slug in shown and "db.*" in shown
    assert amtool(answering, key, "config", "routes", "test", "job=db1").strip() == policy.slug
    assert amtool(answering, key, "config", "routes", "test", "job=web").strip() == "watchroom"
    assert "source_matchers" in amtool(answering, key, "config", "show")
    assert {"name": policy.slug} in get(answering, key, "/receivers")
    assert amtool(answering, key, "cluster", "show")


def test_what_is_held_says_by_what(answering: Running, integration: Make) -> None:
    _, key = integration()
    InhibitRule.objects.create(
        name="down", source_matchers=['alertname="Down"'], target_matchers=['severity="warning"'], equal=["host"]
    )
    fire(answering, key, {"alertname": "Down", "host": "a"})
    fire(
        answering, key,
        {"alertname": "Slow", "severity": "warning", "host": "a"},
        {"alertname": "Slow", "severity": "warning", "host": "b"},
    )  # fmt: skip
    made = post_silence(answering, key, matchers=[{"name": "host", "value": "b", "isRegex": False}]).json["silenceID"]

    review(100)
    alerts = {(each["labels"]["alertname"], each["labels"]["host"]): each for each in get(answering, key, "/alerts")}
    down = alerts["Down", "a"]
    assert alerts["Slow", "a"]["status"] == {
        "state": "suppressed", "silencedBy": [], "inhibitedBy": [down["fingerprint"]], "mutedBy": [],
    }  # fmt: skip
    assert alerts["Slow", "b"]["status"]["silencedBy"] == [made]
    assert [each["labels"]["alertname"] for each in get(answering, key, "/alerts?silenced=false&inhibited=false")] == [
        "Down"
    ]
    assert len(get(answering, key, "/alerts?active=false")) == 2
    assert [each["fingerprint"] for each in get(answering, key, "/alerts")] == sorted(
        each["fingerprint"] for each in alerts.values()
    )


def test_groups_are_the_alert_groups(answering: Running, integration: Make) -> None:
    _, key = integration()
    fire(answering, key, {"alertname": "A", "host": "1"}, {"alertname": "A", "host": "2"}, {"alertname": "B"})
    groups = get(answering, key, "/alerts/groups")
    assert [(each["labels"], len(each["alerts"])) for each in groups] == [
        ({"alertname": "A"}, 2),
        ({"alertname": "B"}, 1),
    ]
    assert AlertGroup.objects.count() == 2
    assert get(answering, key, "/alerts/groups?filter=host%3D%221%22&receiver=watch.*")[0]["labels"] == {
        "alertname": "A"
    }
    assert get(answering, key, "/alerts/groups?receiver=watch") == []  # anchored


def test_a_silence_that_changes_what_it_holds_is_another(answering: Running, integration: Make) -> None:
    _, key = integration()
    first = post_silence(answering, key).json["silenceID"]
    before = get(answering, key, f"/silence/{first}")
    later = (clock.now() + timedelta(hours=5)).isoformat()
    same = post_silence(answering, key, id=first, startsAt=before["startsAt"], endsAt=later, comment="longer")
    assert same.json["silenceID"] == first
    assert get(answering, key, f"/silence/{first}")["comment"] == "longer"
    other = [{"name": "alertname", "value": "Net|Disk", "isRegex": True, "isEqual": True}]
    second = post_silence(answering, key, id=first, matchers=other).json["silenceID"]
    assert second != first
    states = {each["id"]: each["status"]["state"] for each in get(answering, key, "/silences")}
    assert states == {first: "expired", second: "active"}
    assert [each["id"] for each in get(answering, key, "/silences?expired=false")] == [second]
    third = post_silence(answering, key, id=first).json["silenceID"]  # the old one has ended, so it is a new one
    assert third not in (first, second)
    record = AuditRecord.objects.filter(action="silence.created").latest("id")
    assert "kim (through " in record.actor_name


def test_what_is_refused_leaves_all_as_it_was(answering: Running, integration: Make) -> None:
    _, key = integration()
    first = post_silence(answering, key).json["silenceID"]
    past = (clock.now() - timedelta(minutes=1)).isoformat()
    for changed, status, word in (
        ({"endsAt": past, "startsAt": past}, 400, "start time"),
        ({"startsAt": (clock.now() - timedelta(hours=2)).isoformat(), "endsAt": past}, 400, "past"),
        ({"matchers": []}, 422, "matchers"),
        ({"matchers": [{"name": "a", "value": "(", "isRegex": True}]}, 400, "RE2"),
        ({"matchers": [{"name": "a", "value": "", "isRegex": False}]}, 400, "confirm"),
        ({"id": "5f5b7a3c-0000-4000-8000-000000000000"}, 404, "not found"),
        ({"id": "nonsense"}, 422, "uuid"),
        ({"comment": " "}, 400, "reason"),
        ({"startsAt": "soon"}, 422, "startsAt"),
    ):
        answer = post_silence(answering, key, **{"id": first} | changed)
        assert (answer.status, word in answer.body.decode()) == (status, True), (changed, answer.body)
    silence = Silence.objects.get(uuid=first)
    assert (silence.state, silence.matchers) == ("active", ['alertname="Disk"'])


def test_a_key_changes_its_own_teams_silences_only(answering: Running, integration: Make) -> None:
    (_, key), (_, other) = integration(team=factories.team()), integration(team=factories.team())
    mine = post_silence(answering, key).json["silenceID"]
    assert get(answering, other, "/silences") == []
    assert answering.ask("GET", f"/in/{other}/api/v2/silence/{mine}").status == 404
    assert answering.ask("DELETE", f"/in/{other}/api/v2/silence/{mine}").status == 404
    now = clock.now()
    everybodys = Silence.objects.create(
        matchers=['a="b"'], comment="all", author_name="Ann", starts_at=now, ends_at=now + timedelta(hours=1)
    )
    assert [each["comment"] for each in get(answering, other, "/silences")] == ["all"]
    assert answering.ask("DELETE", f"/in/{other}/api/v2/silence/{everybodys.uuid}").status == 403
    assert answering.ask("DELETE", f"/in/{key}/api/v2/silence/{mine}").status == 200


@pytest.mark.parametrize("query", ["filter=%7B", "active=perhaps", "receiver=(", "filter=a%3D~%22(%22"])
def test_a_question_that_can_not_be_read_is_refused(answering: Running, integration: Make, query: str) -> None:
    _, key = integration()
    for path in ("/alerts", "/alerts/groups"):
        answer = answering.ask("GET", f"/in/{key}/api/v2{path}?{query}")
        assert answer.status == 400
        assert isinstance(answer.json, str) and answer.json
