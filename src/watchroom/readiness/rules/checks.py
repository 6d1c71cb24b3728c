"""What a team still lacks before the next incident. Pure: facts in, lacks out.

A check is a function that yields one :class:`Lack` or None for each thing that it looks at; what it looked at and found fine
counts for the share. A new one is a function in ``CHECKS``, and a test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from .facts import InstallationFacts, TeamFacts, Thresholds


class Level(IntEnum):
    """How bad it is; the worst first."""

    HURTS = 1
    MEND = 2
    NICE = 3

    @property
    def word(self) -> str:
        return {1: "will-hurt", 2: "mend", 3: "nice"}[self.value]

    @property
    def label(self) -> str:
        return {1: "Will hurt", 2: "Should be mended", 3: "Would be nice"}[self.value]

    @classmethod
    def of(cls, word: str) -> Level:
        """The level with this word. Raises ``ValueError`` for any other."""
        for each in cls:
            if each.word == word:
                return each
        raise ValueError(f"{word!r} is not one of {', '.join(each.word for each in cls)}")


NAMES = frozenset(
    {
        *("dead-man", "mail", "administrators", "alarm", "published", "teamless"),  # of the installation
        *("person", "defect", "policy", "managers", "tray", "silent", "heartbeats", "checks", "route"),
        *("service.policy", "service.runbook", "service.indicator", "service.needs", "mitigation", "runbook"),
        *("practice", "process", "action", "postmortem", "load", "page"),
    }
)  # what a key begins with


@dataclass(frozen=True)
class Lack:
    """Something that is lacking. ``key`` names it, and stays the same as long as it is lacking; ``path`` is where it is mended;
    ``service`` the service that it is about."""

    check: str
    about: str
    level: Level
    text: str
    path: str
    service: int | None = None

    @property
    def key(self) -> str:
        return f"{self.check}:{self.about}"


@dataclass(frozen=True)
class Found:
    """What was looked at, and what of it is lacking, the worst first."""

    looked: int
    lacks: tuple[Lack, ...]

    @property
    def fine(self) -> int:
        return self.looked - len(self.lacks)


Answers = Iterator[Lack | None]
_DAY = timedelta(days=1)


def _people(team: TeamFacts, limits: Thresholds, now: datetime) -> Answers:
    for each in team.on_call:
        path = f"/people/{each.pk}"
        if not each.ways:
            yield Lack("person", str(each.pk), Level.HURTS, f"Nothing reaches {each.name}, who is on call.", path)
        elif not each.wakes:
            yield Lack(
                "person", str(each.pk), Level.HURTS, f"Nothing wakes {each.name} at night, who is on call.", path
            )
        elif not each.verified:
            text = f"No way to reach {each.name} has ever been answered: nobody knows whether a page arrives."
            yield Lack("person", str(each.pk), Level.HURTS, text, path)
        elif each.ways == 1:
            text = f"{each.name} is reached by one way only: when it fails, nothing is left."
            yield Lack("person", str(each.pk), Level.MEND, text, path)
        elif each.verified < each.ways:
            some = each.ways - each.verified
            text = f"{each.name} has {some} way{'s' if some > 1 else ''} to be reached that {'were' if some > 1 else 'was'} never tried."
            yield Lack("person", str(each.pk), Level.MEND, text, path)
        else:
            yield None


def _paging(team: TeamFacts, limits: Thresholds, now: datetime) -> Answers:
    for each in team.defects:
        yield Lack("defect", str(each.pk), Level.HURTS, each.text, each.path or "/paging-defects")
    used = [each for each in team.policies if each.used]
    for policy in team.policies:
        path = f"/policies/{policy.slug}"
        if policy.people is not None and not policy.people:
            level = Level.HURTS if policy.used else Level.MEND
            yield Lack("policy", policy.slug, level, f"The policy {policy.name} pages nobody.", path)
        elif policy.people is not None and len(policy.people) == 1:
            text = f"The policy {policy.name} pages one person only, and nobody when they don't hear it."
            yield Lack("policy", policy.slug, Level.HURTS if policy.used else Level.MEND, text, path)
        elif not policy.used:
            yield Lack("policy", policy.slug, Level.NICE, f"Nothing uses the policy {policy.name}.", path)
        else:
            yield None
    if used:
        text = "The team has no manager: when a policy runs out, the administrators are the last resort."
        yield None if team.managers else Lack("managers", "", Level.MEND, text, "")
    if not team.defects:
        yield None


def _services(team: TeamFacts, limits: Thresholds, now: datetime) -> Answers:
    for each in team.services:
        important = each.tier <= 2
        edit, pk = f"/services/{each.slug}/edit", each.pk

        def lacks(what: str, level: Level, text: str, path: str, slug: str = each.slug, pk: int = pk) -> Lack:
            return Lack(f"service.{what}", slug, level, text, path, pk)

        yield (
            None
            if each.policy
            else lacks(
                "policy", Level.HURTS if important else Level.MEND, f"{each.name} pages nobody: it has no policy.", edit
            )
        )
        yield (
            None
            if each.runbook
            else lacks("runbook", Level.MEND if important else Level.NICE, f"{each.name} has no runbook.", edit)
        )
        yield (
            None
            if each.indicator
            else lacks(
                "indicator",
                Level.NICE,
                f"Nobody sees on one page how {each.name} is: it has no indicator.",
                f"/services/{each.slug}/indicators/new",
            )
        )
        yield (
            None
            if each.needs
            else lacks("needs", Level.NICE, f"It is not written down what {each.name} needs, or what needs it.", edit)
        )


def _senders(team: TeamFacts, limits: Thresholds, now: datetime) -> Answers:
    for each in team.integrations:
        path = f"/integrations/{each.slug}"
        if limits.tray_most and each.tray >= limits.tray_most:
            text = f"{each.tray} messages of {each.name} could not be read and wait in its tray."
            yield Lack("tray", each.slug, Level.HURTS, text, f"{path}/refused", each.service)
        else:
            yield None
        if limits.silent_days:
            silent = now - (each.last_at or each.created_at) >= limits.silent_days * _DAY
            since = f"for {(now - each.last_at).days} days" if each.last_at else "yet"
            text = f"Nothing has come from {each.name} {since}: is it still connected?"
            yield Lack("silent", each.slug, Level.MEND, text, path, each.service) if silent else None
    for monitor in team.monitors if limits.waiting_days else ():
        waits = not monitor.heard and now - monitor.created_at >= limits.waiting_days * _DAY
        verb = "was never pinged: it watches nothing" if monitor.kind == "heartbeats" else "has never run"
        text, path = f"{monitor.name} {verb}.", f"/monitors/{monitor.kind}/{monitor.slug}"
        yield Lack(monitor.kind, monitor.slug, Level.MEND, text, path, monitor.service) if waits else None
    for route in team.routes:
        text = f"The route {route.name} has never caught an alert."
        yield None if route.caught else Lack("route", str(route.pk), Level.NICE, text, f"/routes/{route.pk}")


_IN_VAIN = {
    "no_effect": "had no effect",
    "worse": "made things worse",
    "failed": "could not be carried out",
}


_GRAVE = {
    "steps",
    "gone",
    "mitigate",
    "call",
    "dead",
    "fits",
    "review",
}  # of a runbook: without it, it does not help at night


def _help(team: TeamFacts, limits: Thresholds, now: datetime) -> Answers:
    for each in team.mitigations:
        path = f"/mitigations/{each.slug}"
        if each.outcome in _IN_VAIN:
            text = f"{each.name} {_IN_VAIN[each.outcome]} the last time."
            yield Lack("mitigation", each.slug, Level.MEND, text, path, each.service)
        else:
            text = f"{each.name} was never tried: nobody knows whether it works."
            yield None if each.outcome else Lack("mitigation", each.slug, Level.NICE, text, path, each.service)
    for book in team.runbooks:
        grave = [text for code, text in book.lacks if code in _GRAVE]
        said = grave or [text for _, text in book.lacks]
        level, more = Level.MEND if grave else Level.NICE, f" And {len(book.lacks) - 1} more." if book.lacks[1:] else ""
        text = f"The runbook {book.name}: {said[0][:1].lower()}{said[0][1:]}{more}" if said else ""
        yield Lack("runbook", book.slug, level, text, f"/runbooks/{book.slug}") if said else None


def _practice(team: TeamFacts, limits: Thresholds, now: datetime) -> Answers:
    if limits.practised_days and (team.services or team.policies):
        last = team.practised_at
        long_ago = last is None or now - last >= limits.practised_days * _DAY
        said = f"for {(now - last).days} days" if last else "yet"
        text = f"The team has not practised an incident {said}."
        yield Lack("practice", "", Level.MEND, text, "/drills/plan") if long_ago else None
    for each in team.unread if limits.unread_days else ():
        late = now - each.since >= limits.unread_days * _DAY
        text = f"{each.name} has not read the process."
        yield Lack("process", str(each.pk), Level.MEND, text, "/process/who") if late else None


def _follow_up(team: TeamFacts, limits: Thresholds, now: datetime) -> Answers:
    for each in team.overdue:
        text = f"“{each.name}” is overdue for {max((now - each.since).days, 1)} days."
        yield Lack("action", str(each.pk), Level.MEND, text, f"/actions/{each.pk}")
    for each in team.postmortems if limits.postmortem_days else ():
        if now - each.since >= limits.postmortem_days * _DAY:
            text = f"#{each.pk} {each.name} has no published postmortem: it can happen again just so."
            yield Lack("postmortem", str(each.pk), Level.MEND, text, f"/incidents/{each.pk}")
        else:
            yield None
    for each in team.load:
        yield Lack("load", str(each.pk), Level.MEND, each.name, f"/insights/limits/{each.pk}")
    for page in team.pages:
        text = f"The status page {page.name} has no components: it can say nothing."
        yield None if page.components else Lack("page", page.slug, Level.MEND, text, f"/status-pages/{page.slug}")


Check = Callable[[TeamFacts, Thresholds, datetime], Iterator[Lack | None]]
CHECKS: tuple[Check, ...] = (
    _paging,
    _people,
    _senders,
    _services,
    _help,
    _practice,
    _follow_up,
)  # what is mended first, first


def lacks_of(team: TeamFacts, limits: Thresholds, now: datetime) -> Found:
    """What the team lacks. A lack that nobody can mend at a page of its own is mended on the team's."""
    return _found(answer for check in CHECKS for answer in check(team, limits, now))


def lacks_of_all(here: InstallationFacts, limits: Thresholds) -> Found:
    """What the installation lacks."""

    def answers() -> Answers:
        text = "No outside monitor notices when Watchroom itself is down: WATCHROOM_DEAD_MAN_URL is not set."
        yield None if here.dead_man else Lack("dead-man", "", Level.HURTS, text, "/system")
        text = f"No mail can be sent: {here.mail}"
        yield Lack("mail", "", Level.HURTS, text, "/system") if here.mail else None
        text = "There is one administrator only: when they are away, nobody can let anybody in."
        yield None if here.administrators > 1 else Lack("administrators", "", Level.MEND, text, "/people")
        text = "Nobody outside is told when paging is impaired: WATCHROOM_ALARM_TO is not set."
        yield None if here.alarm else Lack("alarm", "", Level.MEND, text, "/system")
        text = "The process is not published: nobody has been asked to read how you respond."
        yield None if here.published else Lack("published", "", Level.MEND, text, "/process/edit")
        for route in here.routes:
            text = f"The route {route.name} has never caught an alert."
            yield None if route.caught else Lack("route", str(route.pk), Level.NICE, text, f"/routes/{route.pk}")
        text = f"{here.teamless} people are in no team: nothing tells them of its incidents."
        yield Lack("teamless", "", Level.NICE, text, "/people") if here.teamless > 1 else None

    return _found(answers())


def _found(answers: Iterable[Lack | None]) -> Found:
    said: Sequence[Lack | None] = list(answers)
    lacks = [each for each in said if each is not None]
    assert NAMES.issuperset(each.check for each in lacks), "a new check has its name in NAMES"
    return Found(len(said), tuple(sorted(lacks, key=lambda each: each.level)))  # as stable as CHECKS
