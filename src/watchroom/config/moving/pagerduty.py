"""What PagerDuty's REST API v2 says of people, teams, schedules, policies and services, as a document of ours. Pure.

https://developer.pagerduty.com/api-reference/ (users, teams, schedules, escalation_policies, services)
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from .gathered import (
    Moved,
    Note,
    Served,
    Translation,
    clock,
    instant,
    local,
    turn_of,
    weekly,
)

_ROLES = {"owner": "administrator", "admin": "administrator", "user": "responder", "limited_user": "responder"}
_IN_TEAM = {"manager": "manager", "responder": "responder", "observer": "viewer"}
_WAYS = {
    "push_notification_contact_method": "push",
    "phone_contact_method": "voice",
    "sms_contact_method": "sms",
    "email_contact_method": "email",
}
_LONGEST_WAIT_SECONDS = 3600
_STAYS = Note(
    "PagerDuty",
    "Keys of integrations, event orchestration, maintenance windows and what happened are not taken over.",
    "Send to Watchroom's own addresses (docs/moving.md); build routes by `watchroom route`.",
)


class PagerDuty(Translation):
    """What PagerDuty says, as ``cli/moving.py`` has read it."""

    def moved(self) -> Moved:
        people = [self._person(each) for each in self.read.get("users", ())]
        teams = [self._team(each) for each in self.read.get("teams", ())]
        schedules = [made for each in self.read.get("schedules", ()) if (made := self._schedule(each))]
        policies = [made for each in self.read.get("escalation_policies", ()) if (made := self._policy(each))]
        services = [self._service(each) for each in self.read.get("services", ())]
        return self.done(_STAYS, people=people, teams=teams, schedules=schedules, policies=policies, services=services)

    # People and teams

    def _person(self, user: Mapping[str, Any]) -> dict[str, Any]:
        email = self.emails[user["id"]] = str(user["email"]).lower()
        made = {
            "email": email,
            "name": user.get("name") or email,
            "role": _ROLES.get(str(user.get("role")), "viewer"),
            "timezone": self.zone(email, user.get("time_zone")) or "UTC",
        }
        ways = {urgency: self._ways(email, user, urgency) for urgency in ("high", "low")}
        if ways["high"] and not ways["low"]:  # empty would mean: at once by everything
            ways["low"] = [{"channel": "email", "wait_seconds": 0}]
            self.note(email, "They heard nothing of what can wait.", "Here they get mail of it; they can change that.")
        return made | ({"notification_rules": ways} if ways["high"] else {})

    def _ways(self, email: str, user: Mapping[str, Any], urgency: str) -> list[dict[str, Any]]:
        found: dict[str, int] = {}
        for rule in user.get("notification_rules") or ():
            method = rule.get("contact_method") or {}
            channel = _WAYS.get(str(method.get("type")).removesuffix("_reference"))
            if rule.get("urgency") != urgency or not str(rule.get("type")).startswith("assignment") or channel is None:
                continue
            wait = min(int(rule.get("start_delay_in_minutes") or 0) * 60, _LONGEST_WAIT_SECONDS)
            found[channel] = min(wait, found.get(channel, wait))
        if found and urgency == "high" and (least := min(found.values())):
            self.note(email, "Their first page waited there.", "Here one way is at once; they can change which.")
            found = {channel: wait - least for channel, wait in found.items()}
        return [
            {"channel": channel, "wait_seconds": wait} for channel, wait in sorted(found.items(), key=lambda x: x[1])
        ]

    def _team(self, team: Mapping[str, Any]) -> dict[str, Any]:
        slug = self.teams.add(team["id"], team["name"])
        members = [
            {"email": self.emails[each["user"]["id"]], "role": _IN_TEAM.get(str(each.get("role")), "responder")}
            for each in self.read.get("members", {}).get(team["id"], ())
            if each["user"]["id"] in self.emails
        ]
        return {"slug": slug, "name": team["name"], "description": team.get("description") or "", "members": members}

    def _team_of(self, thing: Mapping[str, Any]) -> str:
        slugs = [self.teams.of[each["id"]] for each in thing.get("teams") or () if each["id"] in self.teams.of]
        return slugs[0] if slugs else self.team

    # Schedules

    def _schedule(self, schedule: Mapping[str, Any]) -> dict[str, Any] | None:
        about = f"Schedule {schedule['name']}"
        zone = self.zone(about, schedule.get("time_zone"))
        if zone is None:
            return None
        layers = schedule.get("schedule_layers") or []
        # They come with the one that wins first.
        rotations = [
            made
            for place, layer in enumerate(layers)
            if (made := self._rotation(f"{about}, {layer.get('name')}", layer, zone, len(layers) - place)) is not None
        ]
        if not rotations:
            self.note(about, "No layer of it could be taken over.", "Build this schedule anew.")
            return None
        slug = self.schedules.add(schedule["id"], schedule["name"], self._team_of(schedule))
        self.made.served[slug] = self._entries(schedule.get("final_schedule"))
        self.made.overrides[slug] = self._entries(schedule.get("overrides_subschedule"))
        end = instant(self.read["until"]) if self.read.get("until") else None
        for each in self.made.overrides[slug]:
            if each.ends_at == end:
                self.note(
                    about,
                    f"{each.email} takes over until {each.ends_at.isoformat()}, where what was read ends: perhaps for longer.",
                    f"Look there, and make the rest: watchroom oncall override {slug} {each.email} --to …",
                )
        return {
            "slug": slug,
            "name": schedule["name"],
            "team": self._team_of(schedule),
            "timezone": zone,
            "description": schedule.get("description") or "",
            "rotations": rotations,
        }

    def _entries(self, part: Mapping[str, Any] | None) -> list[Served]:
        return [
            Served(instant(each["start"]), instant(each["end"]), self.emails[each["user"]["id"]])
            for each in (part or {}).get("rendered_schedule_entries") or ()
            if each["user"]["id"] in self.emails
        ]

    def _rotation(self, about: str, layer: Mapping[str, Any], zone: str, precedence: int) -> dict[str, Any] | None:
        ends = instant(layer["end"]) if layer.get("end") else None
        if ends is not None and ends <= self.at:
            return None  # is over
        users = [each["user"]["id"] for each in layer.get("users") or ()]
        members = [[self.emails[user]] for user in users if user in self.emails]
        if len(members) < len(users):
            self.note(about, "Somebody in it has no account any more.", "They are left out; see who gains their turns.")
        if not members:
            return None
        seconds = int(layer["rotation_turn_length_seconds"])
        unit, length, exact = turn_of(seconds)
        if not exact:
            self.note(about, f"Turns of {seconds} seconds are no whole hours.", f"They are {length} hours here.")
        begins, starts = instant(layer["rotation_virtual_start"]), instant(layer["start"])
        if starts > self.at and starts > begins:
            begins, members = _from_its_start(begins, starts, timedelta(seconds=seconds), zone, members)
        made = {
            "name": str(layer.get("name") or "Layer"),
            "precedence": precedence,
            "unit": unit,
            "length": length,
            "starts_at": local(begins, zone),
            "restrictions": [each for each in map(self._window, layer.get("restrictions") or ()) if each],
            "members": members,
        }
        return made | ({"until": ends.isoformat()} if ends else {})

    def _window(self, given: Mapping[str, Any]) -> dict[str, str] | None:
        hour, minute, *_ = map(int, str(given["start_time_of_day"]).split(":"))
        start, lasts = hour * 60 + minute, int(given["duration_seconds"]) // 60
        if given.get("type") == "weekly_restriction":
            start += (int(given["start_day_of_week"]) - 1) * 1440
            return weekly(start, start + lasts) if lasts < 7 * 1440 else None
        return {"start": clock(start), "end": clock(start + lasts)} if lasts < 1440 else None

    # Policies and services

    def _policy(self, policy: Mapping[str, Any]) -> dict[str, Any] | None:
        about = f"Policy {policy['name']}"
        steps = []
        for rule in policy.get("escalation_rules") or ():
            targets = [made for each in rule.get("targets") or () if (made := self._target(about, each))]
            if not targets:
                self.note(about, "A step of it would page nobody.", "It is left out.")
                continue
            how = (rule.get("escalation_rule_assignment_strategy") or {}).get("type")
            step = {"wait_seconds": int(rule.get("escalation_delay_in_minutes") or 30) * 60, "targets": targets}
            steps.append(step | ({"round_robin": True} if how == "round_robin" else {}))
        if not steps:
            self.note(about, "None of its steps could be taken over.", "Build it anew.")
            return None
        return {
            "slug": self.policies.add(policy["id"], policy["name"], self._team_of(policy)),
            "name": policy["name"],
            "team": self._team_of(policy),
            "description": policy.get("description") or "",
            "repeats": int(policy.get("num_loops") or 0),
            "steps": steps,
        }

    def _target(self, about: str, target: Mapping[str, Any]) -> dict[str, str] | None:
        kind, key = str(target.get("type")).removesuffix("_reference"), target.get("id")
        if kind == "user" and key in self.emails:
            return {"person": self.emails[key]}
        if kind == "schedule" and key in self.schedules.of:
            return {"schedule": self.schedules.of[key]}
        named = target.get("summary") or key
        self.note(about, f"It pages {named}, which could not be taken over.", "Choose somebody else for this step.")
        return None

    def _service(self, service: Mapping[str, Any]) -> dict[str, Any]:
        policy = self.policies.of.get((service.get("escalation_policy") or {}).get("id", ""))
        made = {
            "slug": self.services.add(service["id"], service["name"], self._team_of(service)),
            "name": service["name"],
            "team": self._team_of(service),
            "description": service.get("description") or "",
        }
        return made | ({"policy": policy} if policy else {})


def _from_its_start(
    begins: datetime, starts: datetime, turn: timedelta, zone: str, members: list[list[str]]
) -> tuple[datetime, list[list[str]]]:
    """The last hand-off up to ``starts``, on the wall clock, and the turns as they are from then on: a layer that begins
    only in the future has nobody on call before."""
    wall, until = (each.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for each in (begins, starts))
    turns = (until - wall) // turn
    first = (wall + turns * turn).replace(tzinfo=ZoneInfo(zone))
    place = turns % len(members)
    return first, members[place:] + members[:place]
