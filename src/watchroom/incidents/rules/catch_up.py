"""What somebody must know who has just woken up, or was away for a while: computed from the structured log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

AWAY = timedelta(minutes=5)  # whoever comes back sooner has not been away
SHOWN = 6  # what one reads in ten seconds

# What weighs how much; what is not here is told only as a number.
WEIGHTS = {
    "incident.resolved": 100,
    "incident.mitigated": 100,
    "incident.reopened": 100,
    "incident.severity_changed": 90,
    "incident.state_changed": 72,
    "mitigation.finished": 85,
    "mitigation.started": 80,
    "runbook.started": 76,
    "decision": 75,
    "incident.declared": 70,
    "hypothesis.standing": 65,
    "runbook.finished": 68,
    "update.published": 60,
    "role.taken": 50,
    "role.handed_over": 50,
    "role.accepted": 50,
    "role.ended": 45,
    "symptom": 40,
    "result": 38,
    "hypothesis": 35,
    "question": 30,
    "action": 28,
    "update.overdue": 25,
    "task.added": 20,
    "task.ended": 22,
    "runbook.step": 24,
}
HEAVY = 60  # from here on it is told from the start, however long the log is
_PINNED = 20


@dataclass(frozen=True)
class Line:
    """A line of the log."""

    id: int
    at: datetime
    kind: str
    type: str
    text: str
    author: str = ""
    pinned: bool = False
    written_at: datetime | None = None

    @property
    def appeared(self) -> datetime:
        """When one could have read it; ``at`` may have been corrected to long before."""
        return self.written_at or self.at


@dataclass(frozen=True)
class Idea:
    """A hypothesis."""

    id: int
    text: str
    standing: str
    tester: str = ""


@dataclass(frozen=True)
class Tried:
    """A mitigation; ``outcome`` empty until somebody has said how it went, ``runner``: what became of it meanwhile, where one
    carries it out."""

    title: str
    outcome: str = ""
    runner: str = ""
    done: bool = False  # by the runner

    @property
    def standing(self) -> str:
        """How it is, in the words of a reader who was not there."""
        if self.outcome or not self.runner:
            return self.outcome.lower() or "running"
        return f"{self.runner.lower()}; nobody has said yet whether it helped" if self.done else self.runner.lower()


@dataclass(frozen=True)
class Doing:
    """A task that is open."""

    id: int
    text: str
    who: str = ""


@dataclass(frozen=True)
class Scene:
    """All that the catch-up is made of."""

    status: str
    severity: int
    started_at: datetime
    impact: str
    summary: str
    roles: Sequence[tuple[str, str, bool]]  # role, who, whether they have answered
    tried: Sequence[Tried]
    ideas: Sequence[Idea]
    questions: Sequence[Line]
    tasks: Sequence[Doing]
    steps: Sequence[str]
    lines: Sequence[Line]  # that appeared since ``since``; the weightiest suffice
    new: int  # how many lines appeared since then, with those that are not in ``lines``
    next_update_at: datetime | None = None
    ended_at: datetime | None = None
    state: str = ""  # what people call its status, where they have a word of their own
    triage: bool = False  # nobody has said yet whether it is an incident
    made_up: str = ""  # "drill" or "test": what is practised or tried says so first


@dataclass(frozen=True)
class CatchUp:
    """The answer, in the order in which one reads it."""

    state: str
    impact: str
    summary: str
    roles: tuple[tuple[str, str, bool], ...]
    tried: tuple[Tried, ...]
    open_ideas: tuple[Idea, ...]
    confirmed: tuple[Idea, ...]
    ruled_out: int
    questions: tuple[Line, ...]
    next: str
    next_by: str
    doing: tuple[Doing, ...]
    next_update_at: datetime | None
    update_overdue: bool
    since: datetime | None
    news: tuple[Line, ...]
    more: int


def weight(line: Line) -> int:
    """How much a line matters to somebody who was away."""
    return WEIGHTS.get(line.type or line.kind, 0) + (_PINNED if line.pinned else 0)


def catch_up(scene: Scene, now: datetime, since: datetime | None = None) -> CatchUp:
    """The state of things, and what was new since ``since`` (None: from the start): the weightiest lines in the order in
    which they happened, and how many more there are."""
    news = [line for line in scene.lines if weight(line) > 0 and (since is None or line.appeared > since)]
    shown = sorted(
        sorted(news, key=lambda line: (-weight(line), -line.id))[:SHOWN], key=lambda line: (line.at, line.id)
    )
    standing = {name: tuple(each for each in scene.ideas if each.standing in names) for name, names in _GROUPS.items()}
    return CatchUp(
        state=_state(scene, now),
        impact=scene.impact,
        summary=scene.summary,
        roles=tuple(scene.roles),
        tried=tuple(scene.tried),
        open_ideas=standing["open"],
        confirmed=standing["confirmed"],
        ruled_out=len(standing["ruled_out"]),
        questions=tuple(scene.questions),
        next=scene.steps[0] if scene.steps else "",
        next_by=_leader(scene),
        doing=tuple(scene.tasks),
        next_update_at=scene.next_update_at,
        update_overdue=scene.next_update_at is not None and scene.next_update_at <= now,
        since=since,
        news=tuple(shown),
        more=max(0, scene.new - len(shown)),
    )


_GROUPS = {"open": {"open", "testing", ""}, "confirmed": {"confirmed"}, "ruled_out": {"ruled_out"}}
_STATE = {
    "active": "people are hurt by it",
    "mitigated": "nobody is hurt any more, and it is not over",
    "resolved": "it is over",
}


def _state(scene: Scene, now: datetime) -> str:
    lasted = span((scene.ended_at or now) - scene.started_at)
    marked = f"[{scene.made_up.capitalize()}] " if scene.made_up else ""
    if scene.triage:
        return f"{marked}Perhaps SEV{scene.severity}: nobody has said yet whether it is an incident; for {lasted}"
    said = _STATE.get(scene.status, scene.status)
    when = f"it lasted {lasted}" if scene.ended_at else f"for {lasted}"
    own = scene.state and scene.state.lower() != scene.status
    called = f"{scene.state} ({scene.status})" if own else scene.status
    return f"{marked}SEV{scene.severity}, {called}: {said}; {when}"


def _leader(scene: Scene) -> str:
    by_role = {role: who for role, who, _ in scene.roles}
    return by_role.get("commander") or by_role.get("operations") or ""


def span(length: timedelta) -> str:
    """``42 min`` or ``3 h 5 min``."""
    minutes = max(0, int(length.total_seconds() // 60))
    hours, rest = divmod(minutes, 60)
    if hours >= 48:
        return f"{hours // 24} days"
    return f"{hours} h {rest} min" if hours else f"{rest} min"


def looking(now: datetime, seen_at: datetime | None, since: datetime | None) -> datetime | None:
    """Since when somebody is catching up who looks at ``now``, last looked at ``seen_at`` and was catching up since
    ``since`` then. Loading the page again does not make the news old; coming back after a while does."""
    if seen_at is None:
        return None
    return seen_at if now - seen_at > AWAY else since
