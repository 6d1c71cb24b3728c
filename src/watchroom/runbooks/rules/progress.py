"""How far a runbook has come that is being carried out: which step is next, which were left out, what is left. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from .steps import END, Answer, Step

Outcome = Literal["done", "skipped", "failed", "answered"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
Help = Literal["helped", "partly", "no", "outdated"]
HELP: tuple[Help, ...] = get_args(Help)


@dataclass(frozen=True)
class Said:
    """What came of a step. ``answer``: which, where the step asks."""

    key: str
    outcome: str
    answer: str = ""


@dataclass(frozen=True)
class Standing:
    """Each step is exactly one of these: what was said of it holds, an answer has led past it, or it is still open. In the
    order of the runbook."""

    said: tuple[Said, ...]
    left_out: tuple[str, ...]
    open: tuple[str, ...]

    @property
    def next(self) -> str | None:
        """The key of the step that is to be done now; None: none is left."""
        return self.open[0] if self.open else None

    def of(self, key: str) -> Said | None:
        """What holds of a step; None: nothing has been said, or it is to be done again."""
        return next((each for each in self.said if each.key == key), None)


def standing(steps: Sequence[Step], said: Iterable[Said]) -> Standing:
    """Where a run stands after all that was ``said``, in the order in which it was.

    Whoever works may do steps in another order than theirs: next is the first that is open. An answer that leads on leaves
    out what lies between; one that leads back opens all from there on again, the question included. A step that was left out
    and is done all the same is done.
    """
    place = {step.key: number for number, step in enumerate(steps)}
    done: dict[str, Said] = {}
    left: set[str] = set()
    for each in said:
        if each.key not in place:
            continue
        done[each.key] = each
        left.discard(each.key)
        here = place[each.key]
        to = place_of(steps, here, leads_to(steps[here], each.answer))
        if to <= here:
            for step in steps[to : here + 1]:
                done.pop(step.key, None)
                left.discard(step.key)
        else:
            left |= {step.key for step in steps[here + 1 : to] if step.key not in done}
    order = [step.key for step in steps]
    return Standing(
        tuple(done[key] for key in order if key in done),
        tuple(key for key in order if key in left),
        tuple(key for key in order if key not in done and key not in left),
    )


def leads_to(step: Step, answer: str) -> str:
    """The key of the step to which an answer leads; empty: on to the following one."""
    return next((each.go_to for each in step.answers if each.text == answer), "")


def place_of(steps: Sequence[Step], here: int, key: str) -> int:
    """Where in ``steps`` one comes to from ``here``; their number: at the end. A step that is not there leads on."""
    if key == END:
        return len(steps)
    return next((number for number, step in enumerate(steps) if key and step.key == key), here + 1)


def answer_of(step: Step, given: str) -> Answer | None:
    """The answer that is meant: by its words, whatever their case, or by its number from 1 on."""
    given = " ".join(given.split()).casefold()
    for number, each in enumerate(step.answers, 1):
        if given in (each.text.casefold(), str(number)):
            return each
    return None


@dataclass(frozen=True)
class Past:
    """How often a runbook was used, and how often it helped, of those who said."""

    runs: int = 0
    said: int = 0
    helped: int = 0
    partly: int = 0
    outdated: int = 0
    last_at: datetime | None = None

    @property
    def text(self) -> str:
        """In words; empty: nobody has said anything yet."""
        if not self.said:
            return f"Used {times(self.runs)}." if self.runs else ""
        partly = f", {self.partly} more in part" if self.partly else ""
        text = f"Helped {self.helped} of {times(self.said)}{partly}."
        return f"{text} Called out of date {times(self.outdated)}." if self.outdated else text

    @property
    def score(self) -> float:
        """By which what is offered is put in order: what has helped first, what was called out of date last."""
        good = self.helped + 0.5 * self.partly
        return good - 0.5 * (self.said - good) - self.outdated


def past_of(runs: Iterable[tuple[str, datetime]]) -> Past:
    """From what was said of each run (empty: nothing) and when it ended."""
    rows = list(runs)
    said = [each for each, _ in rows if each]
    last = max((at for _, at in rows), default=None)
    return Past(len(rows), len(said), said.count("helped"), said.count("partly"), said.count("outdated"), last)


def times(count: int) -> str:
    """1 time, 4 times."""
    return f"{count} time{'' if count == 1 else 's'}"


def steps_in_words(count: int) -> str:
    """1 step, 4 steps."""
    return f"{count} step{'' if count == 1 else 's'}"
