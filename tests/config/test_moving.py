"""Coming from another tool: what is read there, what becomes of it, and the proof that the same people are on call."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import factories
from cli.shell import data, run
from peers.http import Answer, HttpPeer, Request
from watchroom.config.moving.gathered import Moved, Served
from watchroom.config.moving.grafana_oncall import GrafanaOncall
from watchroom.config.moving.opsgenie import Opsgenie
from watchroom.config.moving.pagerduty import PagerDuty
from watchroom.config.moving.proof import proofs
from watchroom.kernel import clock as kernel_clock
from watchroom.oncall import queries
from watchroom.oncall.models import Schedule
from watchroom.paging.models import EscalationPolicy

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday, and winter in Berlin
WEEK = timedelta(days=7)


def pd_user(key: str, **more: Any) -> dict[str, Any]:
    return {"id": key, "name": key.title(), "email": f"{key}@Example.com", "role": "limited_user", "time_zone": "Europe/Berlin"} | more  # fmt: skip


def pd_layer(name: str, *users: str, **more: Any) -> dict[str, Any]:
    start = "2026-01-05T09:00:00+01:00"
    return {
        "id": f"L{name}",
        "name": name,
        "start": start,
        "end": None,
        "rotation_virtual_start": start,
        "rotation_turn_length_seconds": 604_800,
        "users": [{"user": {"id": user, "type": "user_reference"}} for user in users],
        "restrictions": [],
    } | more


def pd_schedule(*layers: dict[str, Any], final: tuple[tuple[str, str, str], ...] = (), **more: Any) -> dict[str, Any]:
    return {
        "id": "S1",
        "name": "Primary",
        "time_zone": "Europe/Berlin",
        "teams": [{"id": "T1"}],
        "schedule_layers": list(layers),
        "overrides_subschedule": {"rendered_schedule_entries": []},
        "final_schedule": {"rendered_schedule_entries": _entries(*final)},
    } | more


def _entries(*spans: tuple[str, str, str]) -> list[dict[str, Any]]:
    return [{"start": a, "end": b, "user": {"id": who}} for a, b, who in spans]


def pd_read(*schedules: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "since": NOW.isoformat(),
        "until": (NOW + 2 * WEEK).isoformat(),
        "users": [pd_user("anna", role="owner"), pd_user("ben"), pd_user("cleo", role="observer")],
        "teams": [{"id": "T1", "name": "Payments & Co"}],
        "members": {"T1": [{"user": {"id": "anna"}, "role": "manager"}, {"user": {"id": "ben"}, "role": "responder"}]},
        "schedules": list(schedules),
    } | more


def moved(read: dict[str, Any], **more: Any) -> Moved:
    return PagerDuty(read, team="sre", at=NOW, **more).moved()


def test_the_layer_that_comes_first_wins() -> None:
    nights = {"type": "daily_restriction", "start_time_of_day": "22:00:00", "duration_seconds": 8 * 3600}
    found = moved(
        pd_read(pd_schedule(pd_layer("Nights", "cleo", restrictions=[nights]), pd_layer("Weeks", "anna", "ben")))
    )
    night, weeks = found.document["schedules"][0]["rotations"]
    assert night["precedence"] > weeks["precedence"]
    assert night["restrictions"] == [{"start": "22:00", "end": "06:00"}]
    assert (weeks["unit"], weeks["length"], weeks["starts_at"]) == ("weeks", 1, "2026-01-05T09:00")
    assert weeks["members"] == [["anna@example.com"], ["ben@example.com"]]
    assert found.document["schedules"][0]["team"] == "payments-co"


def test_the_proof_is_made_by_what_pagerduty_says_comes_out() -> None:
    weekend = {
        "type": "weekly_restriction",
        "start_day_of_week": 6,
        "start_time_of_day": "00:00:00",
        "duration_seconds": 172_800,
    }
    layers = pd_layer("Weekends", "cleo", restrictions=[weekend]), pd_layer("Weeks", "anna", "ben")
    # Eight weeks after the beginning it is Anna's turn again.
    right = (
        ("2026-03-02T13:00:00+01:00", "2026-03-07T00:00:00+01:00", "anna"),
        ("2026-03-07T00:00:00+01:00", "2026-03-09T00:00:00+01:00", "cleo"),
        ("2026-03-09T00:00:00+01:00", "2026-03-09T09:00:00+01:00", "anna"),
        ("2026-03-09T09:00:00+01:00", "2026-03-14T00:00:00+01:00", "ben"),
        ("2026-03-14T00:00:00+01:00", "2026-03-16T00:00:00+01:00", "cleo"),
        ("2026-03-16T00:00:00+01:00", "2026-03-16T09:00:00+01:00", "ben"),
        ("2026-03-16T09:00:00+01:00", "2026-03-16T13:00:00+01:00", "anna"),
    )
    (proof,) = proofs(moved(pd_read(pd_schedule(*layers, final=right))))
    assert (proof.schedule, proof.compared, proof.differs) == ("primary", 2 * WEEK, timedelta(0))

    wrong = (*right[:3], ("2026-03-09T09:00:00+01:00", "2026-03-10T09:00:00+01:00", "cleo"), *right[4:])
    (proof,) = proofs(moved(pd_read(pd_schedule(*layers, final=wrong))))
    assert proof.first is not None and (proof.first.theirs, proof.first.ours) == (
        ("cleo@example.com",),
        ("ben@example.com",),
    )
    assert proof.differs == timedelta(days=4, hours=15)  # until the weekend


def test_an_override_counts_in_the_proof() -> None:
    a, b = "2026-03-03T09:00:00+01:00", "2026-03-04T09:00:00+01:00"
    final = (
        ("2026-03-02T13:00:00+01:00", a, "anna"),
        (a, b, "ben"),
        (b, "2026-03-16T13:00:00+01:00", "anna"),
    )
    taken = {"rendered_schedule_entries": _entries((a, b, "ben"))}
    schedule = pd_schedule(pd_layer("Always", "anna"), final=final, overrides_subschedule=taken)
    found = moved(pd_read(schedule))
    (proof,) = proofs(found)
    assert (proof.compared, proof.differs) == (2 * WEEK, timedelta(0))
    assert [each.email for each in found.overrides["primary"]] == ["ben@example.com"]
    taken["rendered_schedule_entries"] = []
    (proof,) = proofs(moved(pd_read(schedule)))
    assert (proof.differs, proof.first and proof.first.theirs) == (timedelta(days=1), ("ben@example.com",))


def test_an_override_that_reaches_the_end_of_what_was_read_is_said() -> None:
    a, b = "2026-03-03T09:00:00+01:00", (NOW + 2 * WEEK).isoformat()
    taken = {"rendered_schedule_entries": _entries((a, b, "cleo"))}
    found = moved(pd_read(pd_schedule(pd_layer("Always", "anna"), overrides_subschedule=taken)))
    assert "perhaps for longer" in found.notes[0].text
    assert {each["email"]: each["role"] for each in found.document["people"]}["cleo@example.com"] == "responder"


def test_a_layer_that_begins_later_has_its_turns_as_they_will_be() -> None:
    later = pd_layer("New", "anna", "ben", "cleo", start="2026-03-23T09:00:00+01:00")
    over = pd_layer("Old", "cleo", end="2026-02-01T00:00:00Z")
    (rotation,) = moved(pd_read(pd_schedule(later, over))).document["schedules"][0]["rotations"]
    assert rotation["starts_at"] == "2026-03-23T09:00"  # the eleventh turn, so Cleo's
    assert rotation["members"] == [["cleo@example.com"], ["anna@example.com"], ["ben@example.com"]]


def test_what_can_not_be_is_said_and_breaks_nothing_else() -> None:
    gone = pd_schedule(pd_layer("Odd", "anna", "nobody", rotation_turn_length_seconds=5_000))
    nowhere = pd_schedule(pd_layer("Weeks", "anna"), id="S2", name="Elsewhere", time_zone="Mars/Olympus")
    policy = {
        "id": "P1",
        "name": "Pay!",
        "num_loops": 2,
        "teams": [],
        "escalation_rules": [
            {"escalation_delay_in_minutes": 15, "targets": [{"id": "S1", "type": "schedule_reference"}, {"id": "anna", "type": "user_reference"}]},
            {"escalation_delay_in_minutes": 5, "targets": [{"id": "S2", "type": "schedule_reference", "summary": "Elsewhere"}]},
        ],
    }  # fmt: skip
    service = {
        "id": "X1",
        "name": "Checkout",
        "escalation_policy": {"id": "P1"},
        "teams": [{"id": "T1"}],
        "description": None,
    }
    found = moved(pd_read(gone, nowhere, escalation_policies=[policy], services=[service]))
    document = found.document
    assert document["schedules"][0]["rotations"][0]["length"] == 1 and len(document["schedules"]) == 1
    assert document["policies"] == [
        {
            "slug": "pay",
            "name": "Pay!",
            "team": "sre",
            "description": "",
            "repeats": 2,
            "steps": [
                {
                    "wait_seconds": 900,
                    "targets": [{"schedule": "primary"}, {"person": "anna@example.com"}],
                }
            ],
        }
    ]
    assert document["services"][0]["policy"] == "pay" and document["services"][0]["team"] == "payments-co"
    said = {note.text for note in found.notes}
    assert {
        "Somebody in it has no account any more.",
        "Turns of 5000 seconds are no whole hours.",
        "The time zone 'Mars/Olympus' is not known.",
        "It pages Elsewhere, which could not be taken over.",
        "A step of it would page nobody.",
    } <= said


def test_people_keep_what_they_have_here_and_ways_come_along() -> None:
    rules = [
        {"type": "assignment_notification_rule", "start_delay_in_minutes": 5, "urgency": "high", "contact_method": {"type": "phone_contact_method"}},
        {"type": "assignment_notification_rule", "start_delay_in_minutes": 2, "urgency": "high", "contact_method": {"type": "push_notification_contact_method_reference"}},
        {"type": "assignment_notification_rule", "start_delay_in_minutes": 0, "urgency": "low", "contact_method": {"type": "email_contact_method"}},
    ]  # fmt: skip
    read = pd_read(users=[pd_user("anna"), pd_user("ben", notification_rules=rules, time_zone="Nowhere")])
    only_high = pd_user("cleo", notification_rules=rules[:1])
    assert moved(pd_read(users=[only_high])).document["people"][0]["notification_rules"]["low"] == [
        {"channel": "email", "wait_seconds": 0}
    ]
    people = moved(read, here={"people": [{"email": "anna@example.com"}]}).document["people"]
    assert [each["email"] for each in people] == ["ben@example.com"]
    assert people[0]["notification_rules"] == {
        "high": [{"channel": "push", "wait_seconds": 0}, {"channel": "voice", "wait_seconds": 180}],
        "low": [{"channel": "email", "wait_seconds": 0}],
    }
    assert people[0]["timezone"] == "UTC"


def test_what_is_here_stays_as_it_is() -> None:
    ours = {
        "teams": [
            {"slug": "payments-co", "name": "Payments & Co", "members": [{"email": "root@here", "role": "manager"}]}
        ],
        "schedules": [{"slug": "primary", "name": "Primary", "team": "shop"}],
        "policies": [{"slug": "pay", "name": "Pay", "team": "payments-co"}],
    }
    policy = {"id": "P1", "name": "Pay", "teams": [{"id": "T1"}], "escalation_rules": [{"targets": [{"id": "S1", "type": "schedule_reference"}]}]}  # fmt: skip
    read = pd_read(pd_schedule(pd_layer("Weeks", "anna", "cleo")), escalation_policies=[policy])
    found = moved(read, here=ours)
    assert [each["slug"] for each in found.document["schedules"]] == ["primary-2"]  # the other is another team's
    assert "teams" not in found.document and "policies" not in found.document
    assert {note.about for note in found.notes if "stays as it is" in note.text} == {
        "Teams payments-co",
        "Policies pay",
    }
    again = moved(read, here=ours, update=True).document
    assert again["policies"][0]["steps"][0]["targets"] == [{"schedule": "primary-2"}]
    assert [each["email"] for each in again["teams"][0]["members"]] == [
        "anna@example.com",
        "ben@example.com",
        "root@here",
    ]
    # Whoever is paged can answer.
    assert {each["email"]: each["role"] for each in found.document["people"]}["cleo@example.com"] == "responder"


OG = {
    "since": NOW.isoformat(),
    "until": (NOW + WEEK).isoformat(),
    "users": [
        {"id": name, "username": f"{name}@example.com", "fullName": name.title(), "timeZone": "Europe/Berlin", "role": {"name": role}}
        for name, role in (("anna", "Owner"), ("ben", "User"), ("cleo", "Stakeholder"))
    ],
    "teams": [{"id": "T1", "name": "Pay", "members": [{"user": {"id": "anna"}, "role": "admin"}, {"user": {"id": "ben"}, "role": "user"}]}],
    "routing_rules": {"T1": [{"isDefault": True, "notify": {"type": "escalation", "id": "E1"}}]},
    "schedules": [
        {
            "id": "S1",
            "name": "Pay_schedule",
            "timezone": "Europe/Berlin",
            "enabled": True,
            "ownerTeam": {"id": "T1", "name": "Pay"},
            "rotations": [
                {
                    "name": "Days",
                    "type": "daily",
                    "length": 1,
                    "startDate": "2026-03-02T08:00:00Z",
                    "participants": [{"type": "user", "id": "anna", "username": "anna@example.com"}, {"type": "user", "id": "ben"}],
                    "timeRestriction": {
                        "type": "weekday-and-time-of-day",
                        "restrictions": [
                            {"startDay": "monday", "startHour": 9, "startMin": 0, "endDay": "friday", "endHour": 17, "endMin": 30}
                        ],
                    },
                },
                {
                    "name": "Nights",
                    "type": "weekly",
                    "length": 1,
                    "startDate": "2026-03-02T08:00:00Z",
                    "participants": [{"type": "team", "id": "T1"}, {"type": "none"}],
                    "timeRestriction": {"type": "time-of-day", "restriction": {"startHour": 22, "startMin": 0, "endHour": 6, "endMin": 0}},
                },
            ],
        }
    ],
    "escalations": [
        {
            "id": "E1",
            "name": "Pay_escalation",
            "ownerTeam": {"id": "T1"},
            "rules": [
                {"condition": "if-not-acked", "notifyType": "default", "delay": {"timeAmount": 0, "timeUnit": "minutes"}, "recipient": {"type": "schedule", "id": "S1"}},
                {"condition": "if-not-acked", "notifyType": "next", "delay": {"timeAmount": 5, "timeUnit": "minutes"}, "recipient": {"type": "schedule", "id": "S1"}},
                {"condition": "if-not-closed", "notifyType": "admins", "delay": {"timeAmount": 1, "timeUnit": "hours"}, "recipient": {"type": "team", "id": "T1"}},
            ],
            "repeat": {"waitInterval": 20, "count": 3, "closeAlertAfterAll": True},
        }
    ],
    "services": [{"id": "X1", "name": "Checkout", "teamId": "T1"}],
}  # fmt: skip


def test_opsgenies_overrides_are_named() -> None:
    taken = {"type": "override", "startDate": "2026-03-04T08:00:00Z", "endDate": "2026-03-05T08:00:00Z", "recipient": {"type": "user", "id": "ben"}}  # fmt: skip
    over = taken | {"startDate": "2026-03-01T08:00:00Z", "endDate": "2026-03-02T08:00:00Z"}
    timeline = {"rotations": [{"periods": [taken, over]}]}
    found = Opsgenie(
        OG | {"schedules": [OG["schedules"][0] | {"timeline": {"finalTimeline": timeline}}]}, team="sre", at=NOW
    ).moved()
    named = [note for note in found.notes if "takes over" in note.text]
    assert len(named) == 1 and "ben@example.com takes over from 2026-03-04T08:00" in named[0].text


def test_opsgenie_counts_from_the_beginning_and_we_from_step_to_step() -> None:
    found = Opsgenie(OG, team="sre", at=NOW).moved()
    (policy,) = found.document["policies"]
    assert [(step["wait_seconds"], step["targets"]) for step in policy["steps"]] == [
        (300, [{"schedule": "pay-schedule"}]),
        (3300, [{"schedule": "pay-schedule", "who": "next"}]),
        (1200, [{"team": "pay"}]),
    ]
    assert policy["repeats"] == 3 and found.document["services"][0]["policy"] == "pay-escalation"
    late = {**OG, "escalations": [{**OG["escalations"][0], "rules": OG["escalations"][0]["rules"][1:2]}]}  # type: ignore[index,dict-item]
    assert Opsgenie(late, team="sre", at=NOW).moved().document["policies"][0]["steps"][0] == {
        "pause": True,
        "wait_seconds": 300,
    }
    rules = [
        {"isDefault": True, "notify": {"type": "schedule", "id": "S1"}},
        {"name": "VIPs", "notify": {"type": "none"}},
    ]
    direct = Opsgenie({**OG, "routing_rules": {"T1": rules}}, team="sre", at=NOW).moved()
    assert direct.document["policies"][1]["steps"][0]["targets"] == [{"schedule": "pay-schedule"}]
    assert direct.document["services"][0]["policy"] == "pay"
    assert any("VIPs" in note.text for note in direct.notes)
    days, nights = found.document["schedules"][0]["rotations"]
    assert days["restrictions"] == [{"start_day": "monday", "start": "09:00", "end_day": "friday", "end": "17:30"}]
    assert days["precedence"] == nights["precedence"] and days["starts_at"] == "2026-03-02T09:00"
    assert nights["members"] == [["anna@example.com", "ben@example.com"]]
    assert any("A turn of it is nobody's" in note.text for note in found.notes)
    assert [each["role"] for each in found.document["people"]] == ["administrator", "responder", "viewer"]


def oncall(*shifts: dict[str, Any], chain: tuple[dict[str, Any], ...] = (), **schedule: Any) -> dict[str, Any]:
    """What Grafana OnCall says of one schedule and one chain, for the week from midnight on."""
    shared = {
        "type": "rolling_users",
        "frequency": "weekly",
        "interval": 1,
        "week_start": "MO",
        "by_day": None,
        "level": 0,
    }
    return {
        "since": "2026-03-02T00:00:00+00:00",
        "until": "2026-03-16T00:00:00+00:00",
        "users": [
            {"id": name.upper(), "email": f"{name}@example.com", "username": name, "role": "user", "teams": ["T1"]}
            for name in ("anna", "ben", "cleo")
        ],
        "teams": [{"id": "T1", "name": "Pay"}],
        "on_call_shifts": [
            shared | {"id": f"O{number}", "name": f"shift {number}", "start": "2026-03-02T09:00:00"} | each
            for number, each in enumerate(shifts)
        ],
        "schedules": [
            {"id": "S1", "name": "Pay", "type": "web", "team_id": "T1", "time_zone": "Europe/Berlin"}
            | {"shifts": [f"O{number}" for number in range(len(shifts))]}
            | schedule
        ],
        "escalation_chains": [{"id": "C1", "name": "Pay chain", "team_id": "T1"}],
        "escalation_policies": [each | {"escalation_chain_id": "C1", "position": place} for place, each in enumerate(chain)],
    }  # fmt: skip


def test_grafanas_rotations_come_out_the_same() -> None:
    days = {
        "rolling_users": [["ANNA"], ["BEN"]],
        "duration": 8 * 3600,
        "by_day": ["MO", "TU", "WE", "TH", "FR"],
        "level": 1,
    }
    nights = {"rolling_users": [["CLEO"]], "duration": 604_800, "start_rotation_from_user_index": 0}
    final = [
        *(("anna", f"2026-03-0{day}T08:00:00Z", f"2026-03-0{day}T16:00:00Z") for day in range(2, 7)),
        *(("ben", f"2026-03-{day:02}T08:00:00Z", f"2026-03-{day:02}T16:00:00Z") for day in range(9, 14)),
    ]
    edges = ["2026-03-02T08:00:00Z", *(edge for _, a, b in final for edge in (a, b)), "2026-03-16T00:00:00Z"]
    between = [("cleo", a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if a != b]
    said = [{"user_email": f"{who}@example.com", "shift_start": a, "shift_end": b} for who, a, b in [*final, *between]]
    found = GrafanaOncall(oncall(days, nights, final_shifts=said), team="sre", at=NOW).moved()
    by_day, always = found.document["schedules"][0]["rotations"]
    assert by_day["restrictions"][0] == {"start_day": "monday", "start": "09:00", "end_day": "monday", "end": "17:00"}
    assert always["restrictions"] == [] and (by_day["precedence"], always["precedence"]) == (1, 0)
    (proof,) = proofs(found)
    assert (proof.compared, proof.differs) == (2 * WEEK, timedelta(0)), proof.first


def test_grafanas_chains_become_steps() -> None:
    chain = (
        {"type": "notify_on_call_from_schedule", "notify_on_call_from_schedule": "S1", "important": True},
        {"type": "notify_persons", "persons_to_notify": ["CLEO"], "important": True},
        {"type": "wait", "duration": 900},
        {"type": "notify_person_next_each_time", "persons_to_notify_next_each_time": ["ANNA", "BEN"]},
        {"type": "wait", "duration": 300},
        {"type": "notify_whole_channel"},
        {"type": "notify_team_members", "team_to_notify": "T1"},
        {"type": "repeat_escalation"},
    )
    once = {"type": "single_event", "frequency": None, "users": ["ANNA"], "duration": 3600}
    odd = {"type": "recurrent_event", "frequency": "daily", "interval": 3, "users": ["ANNA"], "duration": 3600}
    found = GrafanaOncall(oncall(once, odd, chain=chain), team="sre", at=NOW).moved()
    assert any(note.text == "Nobody is on call in it here." for note in found.notes)
    (policy,) = found.document["policies"]
    assert policy["repeats"] == 5 and policy["team"] == "pay"
    assert policy["steps"] == [
        {"wait_seconds": 900, "urgency": "high", "targets": [{"schedule": "pay"}, {"person": "cleo@example.com"}]},
        {
            "wait_seconds": 300,
            "round_robin": True,
            "targets": [{"person": "anna@example.com"}, {"person": "ben@example.com"}],
        },
        {"wait_seconds": 300, "targets": [{"team": "pay"}]},
    ]
    said = [note.text for note in found.notes]
    assert "It happens once." in said and any("notify_whole_channel" in text for text in said)
    assert any(text.startswith("It comes less often") for text in said)
    assert found.document["teams"][0]["members"][2] == {"email": "cleo@example.com", "role": "responder"}


spans = st.lists(
    st.tuples(st.integers(0, 335), st.integers(1, 100), st.sampled_from(["anna@example.com", "ben@example.com"])),
    max_size=6,
)


@given(spans)
def test_a_proof_differs_for_as_long_as_an_hour_by_hour_look_says(given: list[tuple[int, int, str]]) -> None:
    found = moved(pd_read(pd_schedule(pd_layer("Weeks", "anna", "ben"))))
    hour = timedelta(hours=1)
    found.served["primary"] = [Served(NOW + a * hour, NOW + (a + length) * hour, who) for a, length, who in given]
    (proof,) = proofs(found)
    differs = 0
    for number in range(336):
        at = NOW + number * hour
        there = {who for a, length, who in given if a <= number < a + length}
        here = {
            "anna@example.com" if (at - datetime(2026, 1, 5, 8, tzinfo=UTC)) // WEEK % 2 == 0 else "ben@example.com"
        }
        differs += there != here
    assert proof.differs == differs * hour and proof.compared == 2 * WEEK


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
    taken = {"rendered_schedule_entries": _entries((a, b, "ben"), (c, d, "ben"))}
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
