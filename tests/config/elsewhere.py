"""What other tools for on-call answer when they are asked what they hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

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
        "final_schedule": {"rendered_schedule_entries": entries(*final)},
    } | more


def entries(*spans: tuple[str, str, str]) -> list[dict[str, Any]]:
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
