"""What Grafana OnCall's HTTP API says of people, teams, schedules and escalation chains, as a document of ours. Pure.

https://grafana.com/docs/oncall/latest/oncall-api-reference/ (users, teams, schedules, on_call_shifts, escalation_chains,
escalation_policies)
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from .gathered import DAYS, Moved, Note, Served, Translation, clock, instant, local, weekly

_UNITS = {"hourly": "hours", "daily": "days", "weekly": "weeks", "monthly": "months"}
_SECONDS = {"hours": 3600, "days": 86_400, "weeks": 604_800, "months": 28 * 86_400}
_BY_DAY = {"MO": 0, "TU": 1, "WE": 2, "TH": 3, "FR": 4, "SA": 5, "SU": 6}
_ROLES = {"admin": "administrator", "viewer": "viewer", "observer": "viewer"}
_REPEATS = 5  # as often as a chain repeats itself there
_LAST_WAIT_SECONDS = 300
_STAYS = Note(
    "Grafana OnCall",
    "Keys of integrations, their routes, web overrides, ways to reach people and what happened are not taken over.",
    "Send to Watchroom's own addresses (docs/moving.md); people choose themselves how they are reached.",
)


class GrafanaOncall(Translation):
    """What Grafana OnCall says, as ``cli/moving.py`` has read it."""

    def moved(self) -> Moved:
        people = [made for each in self.read.get("users", ()) if (made := self._person(each))]
        teams = [self._team(each) for each in self.read.get("teams", ())]
        schedules = [made for each in self.read.get("schedules", ()) if (made := self._schedule(each))]
        policies = [made for each in self.read.get("escalation_chains", ()) if (made := self._policy(each))]
        return self.done(_STAYS, people=people, teams=teams, schedules=schedules, policies=policies)

    # People and teams

    def _person(self, user: Mapping[str, Any]) -> dict[str, Any] | None:
        email = str(user.get("email") or "").lower()
        if not email:
            self.note(str(user.get("username")), "They have no e-mail address.", "They are left out; add them by hand.")
            return None
        self.emails[user["id"]] = email
        made = {
            "email": email,
            "name": user.get("username") or email,
            "role": _ROLES.get(str(user.get("role")), "responder"),
        }
        zone = user.get("timezone") and self.zone(email, user["timezone"])
        return made | ({"timezone": zone} if zone else {})

    def _team(self, team: Mapping[str, Any]) -> dict[str, Any]:
        members = [
            {"email": self.emails[each["id"]], "role": "responder"}
            for each in self.read.get("users", ())
            if team["id"] in (each.get("teams") or ()) and each["id"] in self.emails
        ]
        return {"slug": self.teams.add(team["id"], team["name"]), "name": team["name"], "members": members}

    def _team_of(self, thing: Mapping[str, Any]) -> str:
        return self.teams.of.get(str(thing.get("team_id")), self.team)

    # Schedules

    def _schedule(self, schedule: Mapping[str, Any]) -> dict[str, Any] | None:
        about = f"Schedule {schedule['name']}"
        zone = self.zone(about, schedule.get("time_zone") or "UTC")
        if zone is None:
            return None
        if schedule.get("ical_url_primary") or schedule.get("ical_url_overrides"):
            self.note(
                about, "It reads a calendar.", "Give the calendar's address on the schedule's page, under Calendars."
            )
        wanted = schedule.get("shifts") or ()
        shifts = [each for each in self.read.get("on_call_shifts", ()) if each["id"] in wanted]
        rotations = [
            made
            for each in shifts
            if (made := self._rotation(f"{about}, {each.get('name') or each['id']}", each, zone)) is not None
        ]
        slug = self.schedules.add(schedule["id"], schedule["name"], self._team_of(schedule))
        if not rotations:
            self.note(about, "Nobody is on call in it here.", "Build its rotations before a policy relies on it.")
        self.made.served[slug] = [
            Served(instant(each["shift_start"]), instant(each["shift_end"]), str(each["user_email"]).lower())
            for each in schedule.get("final_shifts") or ()
        ]
        return {
            "slug": slug,
            "name": schedule["name"],
            "team": self._team_of(schedule),
            "timezone": zone,
            "rotations": rotations,
        }

    def _rotation(self, about: str, shift: Mapping[str, Any], zone: str) -> dict[str, Any] | None:
        unit, length = _UNITS.get(str(shift.get("frequency"))), int(shift.get("interval") or 1)
        if shift.get("type") not in {"rolling_users", "recurrent_event"} or unit is None:
            self.note(about, "It happens once.", "Make an override of it on the schedule's page.")
            return None
        if shift.get("by_month") or shift.get("by_monthday"):
            self.note(about, "It comes by days of the month, or by months.", "Build this rotation anew.")
            return None
        until = _at(shift["until"], "UTC") if shift.get("until") else None
        if until is not None and until <= self.at:
            return None  # is over
        members = self._members(about, shift)
        if not members:
            return None
        own_zone = shift.get("time_zone") or zone
        if own_zone != zone:
            self.note(
                about,
                f"It is counted by the clock of {own_zone}, the schedule by that of {zone}.",
                "Here it stays on the schedule's clock when clocks change: look at its hours after they do.",
            )
        begins = _at(shift["start"], own_zone)
        windows, begins = _windows(shift, unit, begins.astimezone(ZoneInfo(zone)))
        if windows is None:
            self.note(about, "It comes less often than it lasts, in a way that rotations here don't.", "Build it anew.")
            return None
        made = {
            "name": str(shift.get("name") or "Rotation")[:100],
            "precedence": int(shift.get("level") or 0),
            "unit": unit,
            "length": length,
            "starts_at": local(begins, zone),
            "restrictions": windows,
            "members": members,
        }
        return made | ({"until": until.isoformat()} if until else {})

    def _members(self, about: str, shift: Mapping[str, Any]) -> list[list[str]]:
        turns = shift.get("rolling_users") if shift.get("type") == "rolling_users" else [shift.get("users") or []]
        turns = turns or []
        first = int(shift.get("start_rotation_from_user_index") or 0) % max(1, len(turns))
        named = [[self.emails[each] for each in turn if each in self.emails] for turn in turns[first:] + turns[:first]]
        members = [turn for turn in named if turn]
        if len(members) < len(named):
            self.note(about, "A turn of it has nobody with an account.", "It is left out; see who gains it.")
        return members

    # Policies

    def _policy(self, chain: Mapping[str, Any]) -> dict[str, Any] | None:
        about = f"Escalation chain {chain['name']}"
        rows = [
            row for row in self.read.get("escalation_policies", ()) if row.get("escalation_chain_id") == chain["id"]
        ]
        steps: list[dict[str, Any]] = []
        repeats, waited = 0, True
        for row in sorted(rows, key=lambda each: int(each.get("position") or 0)):
            if row["type"] == "wait":
                seconds = int(float(row.get("duration") or 60))
                if waited:  # nothing to wait after: at the beginning, or one wait after another
                    steps.append({"pause": True, "wait_seconds": seconds})
                else:
                    steps[-1]["wait_seconds"] = seconds
                waited = True
            elif row["type"] == "repeat_escalation":
                repeats = _REPEATS
            elif targets := self._targets(about, row):
                step = {"wait_seconds": _LAST_WAIT_SECONDS, "targets": targets} | _how(row)
                same = steps and not waited and {**steps[-1], "targets": targets} == step
                if same:
                    steps[-1]["targets"] = steps[-1]["targets"] + targets
                else:
                    if steps and not waited:
                        steps[-1]["wait_seconds"] = 1  # at once, as there
                    steps.append(step)
                waited = False
        if not any(step.get("targets") for step in steps):
            self.note(about, "None of its steps could be taken over.", "Build it anew.")
            return None
        return {
            "slug": self.policies.add(chain["id"], chain["name"], self._team_of(chain)),
            "name": chain["name"],
            "team": self._team_of(chain),
            "repeats": repeats,
            "steps": steps,
        }

    def _targets(self, about: str, row: Mapping[str, Any]) -> list[dict[str, str]]:
        kind = row["type"]
        if kind in {"notify_persons", "notify_person_next_each_time"}:
            people = row.get("persons_to_notify") or row.get("persons_to_notify_next_each_time") or ()
            found = [{"person": self.emails[each]} for each in people if each in self.emails]
        elif kind == "notify_on_call_from_schedule":
            slug = self.schedules.of.get(str(row.get("notify_on_call_from_schedule")))
            found = [{"schedule": slug}] if slug else []
        elif kind == "notify_team_members":
            slug = self.teams.of.get(str(row.get("team_to_notify") or row.get("notify_to_team_members")))
            found = [{"team": slug}] if slug else []
        else:
            found = []
        if not found:
            self.note(about, f"Its step {kind} could not be taken over.", "Choose what should happen there instead.")
        return found


def _how(row: Mapping[str, Any]) -> dict[str, Any]:
    urgent = {"urgency": "high"} if row.get("important") else {}
    return urgent | ({"round_robin": True} if row["type"] == "notify_person_next_each_time" else {})


def _at(text: str, zone: str) -> datetime:
    """Their times have no offset, and sometimes a Z."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo is not None else found.replace(tzinfo=ZoneInfo(zone) if zone != "UTC" else UTC)


def _windows(shift: Mapping[str, Any], unit: str, begins: datetime) -> tuple[list[dict[str, str]] | None, datetime]:
    """When within its turns a shift counts, by the clock that ``begins`` is told by, and from when its turns are counted.
    None: it comes in a way that windows can't say."""
    lasts, length = int(float(shift["duration"])) // 60, int(shift.get("interval") or 1)
    start = begins.hour * 60 + begins.minute
    days = [_BY_DAY[day] for day in shift.get("by_day") or () if day in _BY_DAY]
    if days and lasts <= 1440:
        first = DAYS.index(DAYS[_BY_DAY.get(str(shift.get("week_start") or "SU"), 6)])
        monday = begins - timedelta(days=(begins.weekday() - first) % 7)
        turns = monday if unit == "weeks" else begins
        return [weekly(day * 1440 + start, day * 1440 + start + lasts) for day in sorted(set(days))], turns
    if lasts * 60 >= _SECONDS[unit] * length:
        return [], begins
    if length > 1 or unit in {"hours", "months"}:
        return None, begins
    if unit == "days":
        return [{"start": clock(start), "end": clock(start + lasts)}], begins
    since = begins.weekday() * 1440 + start
    return [weekly(since, since + lasts)], begins
