"""What Opsgenie's REST API says of people, teams, schedules, escalations and services, as a document of ours. Pure.

https://docs.opsgenie.com/docs/api-overview (user, team, schedule, escalation, team routing rule and service APIs)
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from .gathered import (
    DAYS,
    Moved,
    Note,
    Served,
    Translation,
    clock,
    instant,
    local,
    weekly,
)

_UNITS = {"hourly": "hours", "daily": "days", "weekly": "weeks"}
_MINUTES = {"minutes": 1, "hours": 60, "days": 1440}
_WHO = {"default": {}, "next": {"who": "next"}, "all": {"who": "all"}}
_LAST_WAIT_SECONDS = 300
_STAYS = Note(
    "Opsgenie",
    "Keys of integrations, alert and notification policies, maintenance, ways to reach people and what happened are not taken "
    "over.",
    "Send to Watchroom's own addresses (docs/moving.md); people choose themselves how they are reached.",
)


class Opsgenie(Translation):
    """What Opsgenie says, as ``cli/moving.py`` has read it."""

    def __init__(self, read: Mapping[str, Any], **more: Any) -> None:
        super().__init__(read, **more)
        self.in_team: dict[str, list[str]] = {}
        self.policy_of: dict[str, str] = {}

    def moved(self) -> Moved:
        people = [self._person(each) for each in self.read.get("users", ())]
        teams = [self._team(each) for each in self.read.get("teams", ())]
        schedules = [made for each in self.read.get("schedules", ()) if (made := self._schedule(each))]
        policies = [made for each in self.read.get("escalations", ()) if (made := self._policy(each))]
        policies += [made for each in self.read.get("teams", ()) if (made := self._routed(each))]
        services = [self._service(each) for each in self.read.get("services", ())]
        return self.done(_STAYS, people=people, teams=teams, schedules=schedules, policies=policies, services=services)

    # People and teams

    def _person(self, user: Mapping[str, Any]) -> dict[str, Any]:
        email = self.emails[user["id"]] = str(user["username"]).lower()
        role = str((user.get("role") or {}).get("name", "")).lower()
        return {
            "email": email,
            "name": user.get("fullName") or email,
            "role": "administrator"
            if role in {"owner", "admin"}
            else "viewer"
            if "stakeholder" in role
            else "responder",
            "timezone": self.zone(email, user.get("timeZone")) or "UTC",
        }

    def _team(self, team: Mapping[str, Any]) -> dict[str, Any]:
        slug = self.teams.add(team["id"], team["name"])
        members = [
            {
                "email": self.emails[each["user"]["id"]],
                "role": "manager" if each.get("role") == "admin" else "responder",
            }
            for each in team.get("members") or ()
            if each["user"]["id"] in self.emails
        ]
        self.in_team[team["id"]] = [each["email"] for each in members]
        return {"slug": slug, "name": team["name"], "description": team.get("description") or "", "members": members}

    def _team_of(self, thing: Mapping[str, Any]) -> str:
        return self.teams.of.get((thing.get("ownerTeam") or {}).get("id", ""), self.team)

    # Schedules

    def _schedule(self, schedule: Mapping[str, Any]) -> dict[str, Any] | None:
        about = f"Schedule {schedule['name']}"
        zone = self.zone(about, schedule.get("timezone"))
        if zone is None:
            return None
        if schedule.get("enabled") is False:
            self.note(about, "It is switched off there.", "It is taken over; use it in no policy, or delete it.")
        rotations = [
            made
            for each in schedule.get("rotations") or ()
            if (made := self._rotation(f"{about}, {each.get('name')}", each, zone)) is not None
        ]
        if not rotations:
            self.note(about, "None of its rotations could be taken over.", "Build this schedule anew.")
            return None
        slug = self.schedules.add(schedule["id"], schedule["name"], self._team_of(schedule))
        if timeline := (schedule.get("timeline") or {}).get("finalTimeline"):
            self._served(slug, timeline)
        return {
            "slug": slug,
            "name": schedule["name"],
            "team": self._team_of(schedule),
            "timezone": zone,
            "description": schedule.get("description") or "",
            "rotations": rotations,
        }

    def _served(self, slug: str, timeline: Mapping[str, Any]) -> None:
        served, others = self.made.served.setdefault(slug, []), self.made.left_out.setdefault(slug, [])
        for period in (each for row in timeline.get("rotations") or () for each in row.get("periods") or ()):
            span, who = (instant(period["startDate"]), instant(period["endDate"])), period.get("recipient") or {}
            takes = self._people_of(who)
            if period.get("type") == "override":
                others.append(span)
                if span[1] > self.at:
                    self.note(
                        f"Schedule {slug}",
                        f"{', '.join(takes) or 'Somebody'} takes over from {span[0].isoformat()} to {span[1].isoformat()}.",
                        f"watchroom oncall override {slug} WHO --from … --to …",
                    )
            served += [Served(*span, email) for email in takes]

    def _people_of(self, who: Mapping[str, Any]) -> list[str]:
        """The e-mail addresses of a person, or of everybody in a team."""
        if who.get("type") == "user":
            email = self.emails.get(str(who.get("id"))) or str(who.get("username") or who.get("name") or "").lower()
            return [email] if email in self.emails.values() else []
        return self.in_team.get(str(who.get("id")), []) if who.get("type") == "team" else []

    def _rotation(self, about: str, rotation: Mapping[str, Any], zone: str) -> dict[str, Any] | None:
        ends = instant(rotation["endDate"]) if rotation.get("endDate") else None
        if ends is not None and ends <= self.at:
            return None  # is over
        turns = [self._people_of(each) for each in rotation.get("participants") or ()]
        members = [turn for turn in turns if turn]
        if len(members) < len(turns):
            self.note(
                about,
                "A turn of it is nobody's, an escalation's, or of somebody without an account.",
                "It is left out, and the turns after it come earlier: see who gains them, or build it anew.",
            )
        unit = _UNITS.get(str(rotation.get("type")))
        if not members or unit is None:
            return None
        made = {
            "name": str(rotation.get("name") or "Rotation"),
            "precedence": 0,  # all rotations of a schedule are on call together there
            "unit": unit,
            "length": int(rotation.get("length") or 1),
            "starts_at": local(instant(rotation["startDate"]), zone),
            "restrictions": _windows(rotation.get("timeRestriction") or {}),
            "members": members,
        }
        return made | ({"until": ends.isoformat()} if ends else {})

    # Policies and services

    def _policy(self, escalation: Mapping[str, Any]) -> dict[str, Any] | None:
        about = f"Escalation {escalation['name']}"
        rules = sorted(escalation.get("rules") or (), key=_after_minutes)
        steps: list[dict[str, Any]] = []
        reached = 0  # Opsgenie counts from the beginning, we from step to step
        for after, together in groupby(rules, _after_minutes):
            targets = [made for each in together for made in self._targets(about, each)]
            if not targets:
                self.note(about, f"What it does after {after} min would page nobody.", "It is left out.")
                continue
            if steps:
                steps[-1]["wait_seconds"] = (after - reached) * 60
            elif after:
                steps.append({"pause": True, "wait_seconds": after * 60})
            steps.append({"wait_seconds": _LAST_WAIT_SECONDS, "targets": targets})
            reached = after
        if not steps:
            self.note(about, "None of its rules could be taken over.", "Build it anew.")
            return None
        repeat = escalation.get("repeat") or {}
        if wait := int(repeat.get("waitInterval") or 0):
            steps[-1]["wait_seconds"] = wait * 60
        if repeat.get("closeAlertAfterAll"):
            self.note(
                about, "It closed alerts at its end.", "Here the last resort is asked instead; nothing closes itself."
            )
        return {
            "slug": self.policies.add(escalation["id"], escalation["name"], self._team_of(escalation)),
            "name": escalation["name"],
            "team": self._team_of(escalation),
            "description": escalation.get("description") or "",
            "repeats": int(repeat.get("count") or 0),
            "steps": steps,
        }

    def _targets(self, about: str, rule: Mapping[str, Any]) -> list[dict[str, str]]:
        who, how = rule.get("recipient") or {}, str(rule.get("notifyType") or "default")
        kind, key = who.get("type"), str(who.get("id"))
        if rule.get("condition") == "if-not-closed":
            self.note(about, "A rule of it pages until the alert is closed.", "Here an acknowledgement ends it.")
        if kind == "user":
            return [{"person": email} for email in self._people_of(who)]
        if kind == "schedule" and key in self.schedules.of:
            if how not in _WHO:
                self.note(about, f"It pages the {how} of a schedule.", "Here it pages whoever is on call.")
            return [{"schedule": self.schedules.of[key]} | _WHO.get(how, {})]
        if kind == "team" and key in self.teams.of:
            if how not in {"default", "all"}:
                self.note(about, f"It pages the {how} of a team.", "Here it pages the team.")
            return [{"team": self.teams.of[key]}]
        self.note(about, f"It pages {who.get('name') or key}, which could not be taken over.", "Choose somebody else.")
        return []

    def _routed(self, team: Mapping[str, Any]) -> dict[str, Any] | None:
        """A policy of one step, where a team's alerts go to somebody directly."""
        rules = self.read.get("routing_rules", {}).get(team["id"]) or ()
        others = [str(rule.get("name") or rule.get("id")) for rule in rules if not rule.get("isDefault")]
        if others:
            self.note(
                f"Team {team['name']}",
                f"Its routing rules beside the default are not taken over: {', '.join(others)}.",
                "Build routes by `watchroom route`.",
            )
        notify = next((rule.get("notify") or {} for rule in rules if rule.get("isDefault")), {})
        if notify.get("type") in {None, "none"}:
            return None
        if notify["type"] == "escalation":
            if notify.get("id") in self.policies.of:
                self.policy_of[team["id"]] = self.policies.of[notify["id"]]
            return None
        targets = self._targets(f"Team {team['name']}", {"recipient": notify})
        if not targets:
            return None
        slug = self.policies.add(f"team {team['id']}", team["name"], self.teams.of[team["id"]])
        self.policy_of[team["id"]] = slug
        return {
            "slug": slug,
            "name": team["name"],
            "team": self.teams.of[team["id"]],
            "repeats": 2,
            "steps": [{"wait_seconds": _LAST_WAIT_SECONDS, "targets": targets}],
        }

    def _service(self, service: Mapping[str, Any]) -> dict[str, Any]:
        team = self.teams.of.get(service.get("teamId", ""), self.team)
        policy = self.policy_of.get(service.get("teamId", ""))
        if policy is None:
            self.note(f"Service {service['name']}", "Nobody is paged for its team's alerts there.", "Give it a policy.")
        made = {
            "slug": self.services.add(service["id"], service["name"], team),
            "name": service["name"],
            "team": team,
            "description": service.get("description") or "",
        }
        return made | ({"policy": policy} if policy else {})


def _after_minutes(rule: Mapping[str, Any]) -> int:
    delay = rule.get("delay") or {}
    return int(delay.get("timeAmount") or 0) * _MINUTES.get(str(delay.get("timeUnit") or "minutes"), 1)


def _windows(restriction: Mapping[str, Any]) -> list[dict[str, str]]:
    if restriction.get("type") == "time-of-day":
        only = restriction.get("restriction") or {}
        return [{"start": clock(_minutes(only, "start")), "end": clock(_minutes(only, "end"))}]
    return [
        weekly(
            DAYS.index(each["startDay"].lower()) * 1440 + _minutes(each, "start"),
            DAYS.index(each["endDay"].lower()) * 1440 + _minutes(each, "end"),
        )
        for each in restriction.get("restrictions") or ()
    ]


def _minutes(given: Mapping[str, Any], name: str) -> int:
    return int(given.get(f"{name}Hour") or 0) * 60 + int(given.get(f"{name}Min") or 0)
