"""The draft that is made from what happened, and what is missing before publication. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ..incidents.rules.blameless import HUMAN_ERROR, Finding, findings, only_blames
from ..incidents.rules.times import DURATIONS

__all__ = [
    "Event",
    "Facts",
    "Finding",
    "Held",
    "Missing",
    "Tried",
    "Warned",
    "document",
    "draft",
    "durations",
    "findings",
    "gap",
    "missing",
    "span",
]

SECTIONS = (
    "summary",
    "impact",
    "timeline",
    "detection",
    "guidance",
    "root_cause",
    "factors",
    "went_well",
    "went_badly",
    "lucky",
    "lessons",
    "no_actions",
)
NEEDED = ("summary", "impact", "root_cause")
NAMES = {
    "summary": "Summary",
    "impact": "Impact",
    "timeline": "Timeline",
    "detection": "How we noticed",
    "guidance": "What the guards said",
    "root_cause": "What in the system made it possible",
    "factors": "Contributing factors",
    "went_well": "What went well",
    "went_badly": "What was hard",
    "lucky": "Where we were lucky",
    "lessons": "What others can learn",
    "no_actions": "Why there is no action item",
}
GAP = "To fill in"


# --- The draft -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Event:
    """Something that happened; ``who`` names a role before a person."""

    at: datetime
    text: str
    who: str = ""


@dataclass(frozen=True)
class Held:
    """Who had a role, and from when to when."""

    role: str
    person: str
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True)
class Tried:
    """A mitigation that was tried; an empty outcome was never recorded."""

    title: str
    outcome: str = ""  # worked, partly, no_effect, worse
    note: str = ""


@dataclass(frozen=True)
class Warned:
    """What a guard said, and what people answered; no answer: nobody did."""

    at: datetime
    text: str
    answer: str = ""  # as people read it: Done, Not now, …
    by: str = ""
    answered_at: datetime | None = None


@dataclass(frozen=True)
class Facts:
    """What happened, as the product knows it."""

    title: str
    severity: int
    services: Sequence[str] = ()
    known: str = ""
    impact: str = ""
    times: Mapping[str, datetime] = field(default_factory=dict)
    provenance: Mapping[str, str] = field(default_factory=dict)
    events: Sequence[Event] = ()
    roles: Sequence[Held] = ()
    tried: Sequence[Tried] = ()
    confirmed: Sequence[str] = ()
    ruled_out: Sequence[str] = ()
    alerts: Sequence[str] = ()
    warned: Sequence[Warned] = ()


_OUTCOME = {
    "worked": "it worked",
    "partly": "it helped in part",
    "no_effect": "no effect",
    "worse": "it made things worse",
    "": "the outcome was not recorded",
}


def gap(question: str) -> str:
    """A prompt that can't be overlooked, and that publication asks to be answered."""
    return f"> {GAP}: {question}"


def draft(facts: Facts) -> dict[str, str]:
    """The sections of a first draft, in Markdown. What nobody can know yet is a visible prompt."""
    worked = [each for each in facts.tried if each.outcome in {"worked", "partly"}]
    failed = [each for each in facts.tried if each.outcome not in {"worked", "partly"}]
    return {
        "summary": _parts(
            _opening(facts), _text(facts.known), gap("what happened, in three sentences a newcomer understands.")
        ),
        "impact": _parts(
            _text(facts.impact),
            _durations(facts.times),
            gap("who noticed what, how many, and what it cost them. Numbers, where there are any."),
        ),
        "timeline": _parts(_timeline(facts.events), _roles(facts.roles), _tried(facts.tried)),
        "detection": _parts(
            _noticed(facts),
            gap("what told us first? Could the system have told us sooner?"),
        ),
        "guidance": _guidance(facts.warned),
        "root_cause": _parts(
            _list("Confirmed during the incident:", facts.confirmed),
            gap("what in the system made this possible, and made each step reasonable at the time? Keep asking why."),
        ),
        "factors": _parts(
            _list("Looked at and ruled out:", facts.ruled_out),
            gap("what made it likelier, larger or longer?"),
        ),
        "went_well": _parts(_list("", [_one(each) for each in worked]), gap("what should we keep doing?")),
        "went_badly": _parts(_list("", [_one(each) for each in failed]), gap("what was slow, missing or confusing?")),
        "lucky": gap("what could have made it worse, and did not by chance?"),
        "lessons": gap("what would help a team that does not know this system?"),
        "no_actions": "",
    }


def span(length: timedelta) -> str:
    """``1 h 5 min``: a length of time in words."""
    minutes = max(0, round(length.total_seconds())) // 60
    if minutes < 1:
        return "less than a minute"
    days, minutes = divmod(minutes, 1440)
    hours, minutes = divmod(minutes, 60)
    parts = ((days, "d"), (hours, "h"), (minutes, "min"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number)


def durations(times: Mapping[str, datetime]) -> list[tuple[str, timedelta]]:
    """How long it took to detect, acknowledge, mitigate and resolve, as far as both ends are known."""
    return [
        (f"To {name}", max(times[end] - times[begin], timedelta()))
        for name, begin, end in DURATIONS
        if begin in times and end in times
    ]


def _opening(facts: Facts) -> str:
    where = f" It concerned {', '.join(facts.services)}." if facts.services else ""
    when = (
        f" It began on {_day(facts.times['started'])} at {_clock(facts.times['started'])}."
        if "started" in facts.times
        else ""
    )
    return f"**{_line(facts.title)}** (SEV{facts.severity}).{when}{where}"


def _noticed(facts: Facts) -> str:
    source = facts.provenance.get("detected", "")
    told = f"{source} at {_clock(facts.times['detected'])}." if source and "detected" in facts.times else ""
    return _parts(told, _list("Alerts:", facts.alerts))


def _guidance(warned: Sequence[Warned]) -> str:
    """Nothing where no guard spoke."""
    if not warned:
        return ""
    answered = sum(bool(each.answer) for each in warned)
    times = "once" if len(warned) == 1 else f"{len(warned)} times"
    return _parts(
        f"Watchroom spoke up {times}; {'nobody answered' if not answered else f'{answered} of them answered'}.",
        "\n".join(
            f"- **{_clock(each.at)}** {_line(each.text)} → {_answered(each)}"
            for each in sorted(warned, key=lambda each: each.at)
        ),
        gap("what came in time, what too late, and what was only noise? Thresholds are set under Incidents, Guidance."),
    )


def _answered(warned: Warned) -> str:
    if not warned.answer:
        return "nobody answered"
    after = f" after {span(warned.answered_at - warned.at)}" if warned.answered_at else ""
    return f"*{warned.answer}*{f', {warned.by}' if warned.by else ''}{after}"


def _durations(times: Mapping[str, datetime]) -> str:
    rows = [f"| {name} | {span(length)} |" for name, length in durations(times)]
    return "\n".join(["| From start to end | How long |", "| --- | --- |", *rows]) if rows else ""


def _timeline(events: Iterable[Event]) -> str:
    lines: list[str] = []
    day = ""
    said: set[str] = set()
    for event in sorted(events, key=lambda each: each.at):
        line = f"- **{_clock(event.at)}** {f'{_line(event.who)}: ' if event.who else ''}{_line(event.text)}"
        if _day(event.at) != day:
            day = _day(event.at)
            lines += ["", f"### {day}", ""]
            said.clear()
        if line not in said:
            lines.append(line)
        said.add(line)
    return "\n".join(lines).strip()


def _roles(roles: Sequence[Held]) -> str:
    rows = [
        f"{each.role}: {each.person}, from {_clock(each.since)}{f' to {_clock(each.until)}' if each.until else ''}"
        for each in roles
    ]
    return _list("### Who did what", rows)


def _tried(tried: Sequence[Tried]) -> str:
    return _list("### What was tried", [_one(each) for each in tried])


def _one(tried: Tried) -> str:
    return f"{tried.title}: {_OUTCOME.get(tried.outcome, tried.outcome)}{f' ({tried.note})' if tried.note else ''}"


def _list(heading: str, items: Sequence[str]) -> str:
    lines = "\n".join(f"- {_line(item)}" for item in items)
    return _parts(heading, lines) if lines else ""


def _parts(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)


def _text(text: str) -> str:
    return text.strip()


def _line(text: str) -> str:
    return " ".join(text.split())


def _clock(at: datetime) -> str:
    return f"{at.astimezone(UTC):%H:%M} UTC"


def _day(at: datetime) -> str:
    return f"{at.astimezone(UTC):%A, %d %B %Y}"


def document(title: str, about: Sequence[str], sections: Mapping[str, str], actions: Sequence[str]) -> str:
    """The whole postmortem as one document in Markdown: what it is ``about``, each section that says something, and the
    action items."""
    parts = [f"# Postmortem: {_line(title)}", _list("", about)]
    for name in SECTIONS:
        if text := sections.get(name, "").strip():
            parts += [f"## {NAMES[name]}", text]
    return _parts(*parts, _list("## Action items", actions)) + "\n"


# --- Before publication ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Missing:
    """What keeps a postmortem from being published, and how to mend it."""

    field: str
    text: str
    fix: str


def missing(sections: Mapping[str, str], *, approvals: int, actions: int, people: Iterable[str] = ()) -> list[Missing]:
    """All that keeps a postmortem with these sections from being published. ``people`` are whom they may name."""
    people = list(people)
    found: list[Missing] = []
    for name in NEEDED:
        text = sections.get(name, "").strip()
        if not text:
            found.append(Missing(name, f"“{NAMES[name]}” is empty.", "Write it."))
        elif GAP.lower() in text.lower():
            found.append(
                Missing(name, f"“{NAMES[name]}” still has a gap.", f"Answer the line “{GAP}”, then remove it.")
            )
    if match := HUMAN_ERROR.search(sections.get("root_cause", "")):
        found.append(
            Missing(
                "root_cause",
                f"“{match[0]}” is not a cause that can be mended.",
                "Say what in the system let it have this effect.",
            )
        )
    for name in ("root_cause", "factors"):
        if only_blames(sections.get(name, ""), people) and all(each.field != name for each in found):
            found.append(
                Missing(
                    name,
                    f"“{NAMES[name]}” says who, and not what.",
                    "Say what in the system made it possible, and made it look right at the time.",
                )
            )
    if not actions and not _is_reason(sections.get("no_actions", "")):
        found.append(
            Missing(
                "actions",
                "There is no action item.",
                f"Add at least one, with an owner and a date, or write under “{NAMES['no_actions']}” what speaks against.",
            )
        )
    if not approvals:
        found.append(
            Missing("reviews", "Nobody has approved this version.", "Ask somebody who did not write it to review it.")
        )
    return found


def _is_reason(text: str) -> bool:
    """Whether ``text`` explains something; “none” and “n/a” do not."""
    return GAP.lower() not in text.lower() and len(text.split()) >= 3
