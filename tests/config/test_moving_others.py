"""What becomes of what Opsgenie and Grafana OnCall hold."""

from __future__ import annotations

from datetime import timedelta

from config.elsewhere import NOW, OG, WEEK, oncall
from watchroom.config.moving.grafana_oncall import GrafanaOncall
from watchroom.config.moving.opsgenie import Opsgenie
from watchroom.config.moving.proof import proofs


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
