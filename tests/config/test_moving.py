"""Coming from PagerDuty: what becomes of what is there, and the proof that the same people are on call."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from config.elsewhere import NOW, WEEK, entries, pd_layer, pd_read, pd_schedule, pd_user
from watchroom.config.moving.gathered import Moved, Served
from watchroom.config.moving.pagerduty import PagerDuty
from watchroom.config.moving.proof import proofs


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
    taken = {"rendered_schedule_entries": entries((a, b, "ben"))}
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
    taken = {"rendered_schedule_entries": entries((a, b, "cleo"))}
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
