"""What all translations share: notes, slugs, people, and the form of what they give."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from ...kernel import times
from ...kernel.errors import Refused

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_UNITS = ((604_800, "weeks"), (86_400, "days"), (3_600, "hours"))


@dataclass(frozen=True)
class Note:
    """Something that is not, or not quite, what it was: what it is about, what became of it, and what to do."""

    about: str
    text: str
    fix: str


class Served(NamedTuple):
    """Whom the other tool has on call (an e-mail address), from when until when."""

    starts_at: datetime
    ends_at: datetime
    email: str


@dataclass
class Moved:
    """What a translation gives. ``served``: by the slug of a schedule, whom theirs has on call in the time that was read;
    ``overrides``: who takes it over for a while, which no file says; ``left_out``: spans of it that cannot be compared, as
    neither rotations nor overrides decide them; ``read``: which time that is."""

    document: dict[str, Any]
    notes: list[Note] = field(default_factory=list)
    served: dict[str, list[Served]] = field(default_factory=dict)
    overrides: dict[str, list[Served]] = field(default_factory=dict)
    left_out: dict[str, list[tuple[datetime, datetime]]] = field(default_factory=dict)
    read: tuple[datetime, datetime] | None = None


KINDS = ("teams", "schedules", "policies", "services")


class Translation:
    """What a translation of any tool keeps while it goes: notes, people by their number there, slugs by number there.

    ``team``: whose is what belongs to no team there. ``here``: the document that `watchroom export` gives; what it has is
    left as it is, unless ``update``."""

    def __init__(
        self,
        read: Mapping[str, Any],
        *,
        team: str,
        at: datetime,
        here: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
        update: bool = False,
    ) -> None:
        self.read, self.team, self.at, self.here, self.update = read, team, at, here or {}, update
        self.notes: list[Note] = []
        self.emails: dict[str, str] = {}
        self.teams, self.schedules, self.policies, self.services = (Slugs(self.here.get(kind, ())) for kind in KINDS)
        self.made = Moved({}, self.notes)

    def moved(self) -> Moved:
        """All of it, translated. Each tool has its own."""
        raise NotImplementedError

    def note(self, about: str, text: str, fix: str) -> None:
        """Say that something is not, or not quite, what it was."""
        self.notes.append(Note(about, text, fix))

    def zone(self, about: str, name: str | None) -> str | None:
        """``name`` where it is a time zone of the IANA database; else a note, and None."""
        if name in available_timezones():
            return name
        self.note(about, f"The time zone {name!r} is not known.", "It is left out, or in UTC: set it by hand.")
        return None

    def done(self, stays: Note, people: list[dict[str, Any]], **parts: list[dict[str, Any]]) -> Moved:
        """All that was made. Whoever has an account here keeps their role, zone and ways as they are."""
        self._let_them_answer(people, parts)
        there = {str(each["email"]).lower() for each in self.here.get("people", ())}
        made = {"people": [each for each in people if each["email"] not in there]}
        made |= {kind: self._new_or_wanted(kind, parts.get(kind, [])) for kind in KINDS}
        self.made.document = {"version": 1} | {name: things for name, things in made.items() if things}
        if self.read.get("since") and self.read.get("until"):
            self.made.read = instant(self.read["since"]), instant(self.read["until"])
        self.notes.append(stays)
        return self.made

    def _let_them_answer(self, people: Sequence[dict[str, Any]], parts: Mapping[str, list[dict[str, Any]]]) -> None:
        paged = {
            email for each in parts.get("schedules", ()) for row in each["rotations"] for turn in row["members"] for email in turn
        } | {
            target.get("person") for each in parts.get("policies", ()) for step in each["steps"] for target in step.get("targets", ())
        } | {each.email for rows in self.made.overrides.values() for each in rows}  # fmt: skip
        for each in people:
            if each["role"] == "viewer" and each["email"] in paged:
                each["role"] = "responder"
                self.note(each["email"], "They are paged, and could only look there.", "Here they are a responder.")

    def _new_or_wanted(self, kind: str, things: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        ours: dict[str, Mapping[str, Any]] = {each["slug"]: each for each in self.here.get(kind, ())}
        kept = []
        for each in things:
            mine = ours.get(each["slug"])
            if mine is not None and not self.update:
                self.note(f"{kind.title()} {each['slug']}", "It is here, and stays as it is.", "--update takes theirs.")
                continue
            if mine is not None and kind == "teams":  # nobody leaves a team by being taken over
                there = {member["email"] for member in each["members"]}
                each["members"] += [member for member in mine.get("members", ()) if member["email"] not in there]
            kept.append(each)
        return kept


class Slugs:
    """Slugs made of names, each once, by what they are known by in the other tool. What has that slug here is the same thing
    where it has the same name and team; else another slug is taken."""

    def __init__(self, here: Sequence[Mapping[str, Any]]) -> None:
        self.here = {each["slug"]: (each["name"], each.get("team")) for each in here}
        self.of: dict[str, str] = {}
        self._taken: set[str] = set()

    def add(self, key: str, name: str, team: str | None = None) -> str:
        """The slug of what is named so and belongs to a team (None: it is one)."""
        base = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:50] or "unnamed"
        slug, number = base, 1
        while slug in self._taken or (team is not None and self.here.get(slug, (name, team)) != (name, team)):
            number += 1
            slug = f"{base}-{number}"
        self._taken.add(slug)
        self.of[key] = slug
        return slug


def instant(text: str) -> datetime:
    """An RFC 3339 time.

    :raises Refused: it is none.
    """
    at = times.instant(text)
    if at is None:
        raise Refused("That is not a time with an offset.", field="time", value=text, fix="Read the other tool again.")
    return at


def local(at: datetime, zone: str) -> str:
    """The wall clock of ``zone`` at an instant, as a rotation's ``starts_at``."""
    return at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M")


def turn_of(seconds: int) -> tuple[str, int, bool]:
    """Unit, length, and whether that is exactly so many seconds."""
    for size, unit in _UNITS:
        if seconds >= size and seconds % size == 0:
            return unit, seconds // size, True
    return "hours", max(1, round(seconds / 3600)), False


def clock(minutes: int) -> str:
    """``08:30`` for so many minutes since midnight, or since a Monday's."""
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"


def weekly(start_minutes: int, end_minutes: int) -> dict[str, str]:
    """A window of the week, from minutes since Monday's midnight."""
    return {
        "start_day": DAYS[start_minutes // 1440 % 7],
        "start": clock(start_minutes),
        "end_day": DAYS[end_minutes // 1440 % 7],
        "end": clock(end_minutes),
    }
