"""Coming from another tool by command: from its API to the people who are on call here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

import factories
from cli.shell import data, run
from config.elsewhere import OG, entries, oncall, pd_layer, pd_read, pd_schedule
from peers.http import Answer, HttpPeer, Request
from watchroom.kernel import clock as kernel_clock
from watchroom.oncall import queries
from watchroom.oncall.models import Schedule
from watchroom.paging.models import EscalationPolicy


@pytest.fixture
def there() -> Iterator[Callable[[dict[str, Any]], HttpPeer]]:
    """The other tool: answers by path, two to a page, and asks once to slow down."""
    peers = []

    def start(things: dict[str, Any]) -> HttpPeer:
        peer = HttpPeer()
        slowed = []

        def answer(request: Request) -> Answer:
            if not slowed:
                slowed.append(request)
                return Answer(429, {"error": "slow down"}, {"Retry-After": "0"})
            parts = urlsplit(request.path)
            found = things.get(parts.path)
            if found is None:
                return Answer(404, {"error": parts.path})
            if isinstance(found, tuple):
                name, rows = found
                offset = int(parse_qs(parts.query).get("offset", ["0"])[0])
                page = rows[offset : offset + 2]
                more = offset + 2 < len(rows)
                return Answer(200, {name: page, "more": more, "paging": {"next": "…"} if more else {}})
            return Answer(200, found)

        peer.otherwise = answer
        peer.start()
        peers.append(peer)
        return peer

    yield start
    for peer in peers:
        peer.stop()


@pytest.mark.django_db
def test_from_pagerduty_to_whoever_is_on_call(
    there: Callable[..., HttpPeer], clock: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    team, now = factories.team("SRE"), clock().replace(minute=0, second=0, microsecond=0)
    factories.person("Root", "administrator")
    end = (now + timedelta(days=28)).isoformat()
    a, b, c, d = ((now + timedelta(days=days)).isoformat() for days in (0, 1, 7, 8))
    final = ((a, b, "ben"), (b, c, "anna"), (c, d, "ben"), (d, end, "anna"))
    taken = {"rendered_schedule_entries": entries((a, b, "ben"), (c, d, "ben"))}
    schedule = pd_schedule(pd_layer("Always", "anna"), final=final, overrides_subschedule=taken)
    policy = {"id": "P1", "name": "Pay", "num_loops": 1, "teams": [{"id": "T1"}], "escalation_rules": [{"escalation_delay_in_minutes": 10, "targets": [{"id": "S1", "type": "schedule_reference"}]}]}  # fmt: skip
    read = pd_read()
    peer = there(
        {
            "/users": ("users", read["users"]),
            "/teams": ("teams", read["teams"]),
            "/teams/T1/members": ("members", read["members"]["T1"]),
            "/schedules": ("schedules", [{"id": "S1"}]),
            "/schedules/S1": {"schedule": schedule},
            "/escalation_policies": ("escalation_policies", [policy]),
            "/services": ("services", []),
        }
    )
    asked = ("import", "pagerduty", "--team", team.slug, "--api", peer.url)
    monkeypatch.delenv("PAGERDUTY_TOKEN", raising=False)
    assert "PAGERDUTY_TOKEN" in run(*asked).output
    monkeypatch.setenv("PAGERDUTY_TOKEN", "secret")
    saved, written = tmp_path / "there.json", tmp_path / "watchroom.yaml"
    result = run(*asked, "--save", str(saved), "-o", str(written))
    assert result.exit_code == 0, result.output
    assert "Schedule primary: 28 days compared, the same people at every moment." in result.output
    assert "Nothing is changed until" in result.output and not Schedule.objects.exists()
    assert peer.requests[-1].headers["authorization"] == "Token token=secret"
    assert "secret" not in saved.read_text() and "cleo@example.com" in written.read_text()

    found = data("import", "pagerduty", "--team", team.slug, "--read", str(saved), "--apply")
    assert found["proofs"][0]["differs_seconds"] == 0 and found["applied"] and found["overrides_made"] == 2
    made = Schedule.objects.get(slug="primary")
    whole_days = [kernel_clock.now() + timedelta(days=days) for days in (0, 2, 7, 9)]
    assert [[str(who) for who in queries.who(made, at)] for at in whole_days] == [["Ben"], ["Anna"], ["Ben"], ["Anna"]]
    assert made.team.name == "Payments & Co"
    assert EscalationPolicy.objects.get(slug="pay").team == made.team
    again = data("import", "pagerduty", "--team", team.slug, "--read", str(saved))
    assert again["steps"] == []  # doing it twice changes nothing
    assert yaml.safe_load(written.read_text())["schedules"][0]["slug"] == "primary"
    assert found["applied"] and again["document"].get("schedules") is None
    update = data("import", "pagerduty", "--team", team.slug, "--read", str(saved), "--update")
    assert update["steps"] == [] and len(update["overrides"]) == 2  # theirs is ours
    update = data("import", "pagerduty", "--team", team.slug, "--read", str(saved), "--update", "--apply")
    assert update["overrides_made"] == 0 and made.overrides.count() == 2
    assert oct(saved.stat().st_mode & 0o777) == "0o600"
    for wrong in ("[]", "{", '{"users": [{}]}', '{"teams": 5}'):
        saved.write_text(wrong)
        refused = run("import", "pagerduty", "--team", team.slug, "--read", str(saved))
        assert refused.exit_code == 1 and not isinstance(refused.exception, KeyError | TypeError), refused.output


@pytest.mark.django_db
def test_from_opsgenie(there: Callable[..., HttpPeer], clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    team, now = factories.team("SRE"), clock().replace(minute=0, second=0, microsecond=0)
    factories.person("Root", "administrator")
    always = {"name": "Always", "type": "weekly", "length": 1, "startDate": "2026-03-02T08:00:00Z", "participants": [{"type": "user", "id": "anna"}]}  # fmt: skip
    plan = {**OG["schedules"][0], "rotations": [always]}  # type: ignore[dict-item]
    period = {"startDate": now.isoformat(), "endDate": (now + timedelta(days=28)).isoformat(), "type": "default", "recipient": {"type": "user", "id": "ben", "name": "ben@example.com"}}  # fmt: skip
    peer = there(
        {
            "/v2/users": ("data", OG["users"]),
            "/v2/teams": {"data": [{"id": "T1"}]},
            "/v2/teams/T1": {"data": OG["teams"][0]},  # type: ignore[index]
            "/v2/teams/T1/routing-rules": {"data": OG["routing_rules"]["T1"]},  # type: ignore[call-overload,index]
            "/v2/schedules": {"data": [plan]},
            "/v2/schedules/S1/timeline": {"data": {"finalTimeline": {"rotations": [{"periods": [period]}]}}},
            "/v2/escalations": {"data": OG["escalations"]},
            "/v1/services": ("data", OG["services"]),
        }
    )
    monkeypatch.setenv("OPSGENIE_KEY", "key")
    found = data("import", "opsgenie", "--team", team.slug, "--api", peer.url, "--apply")
    assert peer.requests[-1].headers["authorization"] == "GenieKey key"
    assert found["proofs"][0]["differs_seconds"] == 28 * 86400  # theirs says Ben, and it is shown
    assert found["proofs"][0]["first"]["theirs"] == ["ben@example.com"]
    assert [str(who) for who in queries.who(Schedule.objects.get(slug="pay-schedule"), now)] == ["Anna"]
    peer.otherwise = Answer(403, json.dumps({"message": "no"}))
    refused = run("import", "opsgenie", "--team", team.slug, "--api", peer.url)
    assert refused.exit_code != 0 and "403" in refused.output and "--api" in refused.output


@pytest.mark.django_db
def test_from_grafana_oncall(there: Callable[..., HttpPeer], clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    team = factories.team("SRE")
    factories.person("Root", "administrator")
    always = {"rolling_users": [["ANNA"]], "duration": 604_800}
    read = oncall(always, chain=({"type": "notify_on_call_from_schedule", "notify_on_call_from_schedule": "S1"},))
    first = clock().replace(hour=0, minute=0) + timedelta(days=1)
    shift = {
        "user_email": "Anna@example.com",
        "shift_start": first.isoformat(),
        "shift_end": (first + timedelta(days=40)).isoformat(),
    }

    def paged(request: Request) -> Answer:
        name = urlsplit(request.path).path.removeprefix("/api/v1/").strip("/")
        rows = [shift] if name.endswith("final_shifts") else read[name]
        number = int(parse_qs(urlsplit(request.path).query)["page"][0])
        more = number < len(rows)
        return Answer(200, {"results": rows[number - 1 : number], "next": "…" if more else None})

    peer = there({})
    peer.otherwise = paged
    monkeypatch.setenv("ONCALL_TOKEN", "meow")
    assert "Whose API" in run("import", "grafana-oncall", "--team", team.slug).output
    found = data("import", "grafana-oncall", "--team", team.slug, "--api", peer.url, "--apply")
    assert peer.requests[-1].headers["authorization"] == "meow"
    assert found["proofs"] == [{"schedule": "pay", "compared_seconds": 27 * 86400, "differs_seconds": 0, "first": None}]
    assert [str(who) for who in queries.who(Schedule.objects.get(slug="pay"), first)] == ["anna"]
    assert EscalationPolicy.objects.get(slug="pay-chain").steps.count() == 1
