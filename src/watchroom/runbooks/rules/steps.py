"""The steps of a runbook: what one says, and where it leads. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

Part = Literal["confirm", "diagnose", "mitigate", "resolve", "call"]
Kind = Literal["do", "look", "run", "ask", "call"]
PARTS: tuple[Part, ...] = get_args(Part)
KINDS: tuple[Kind, ...] = get_args(Kind)
END = "end"  # where an answer leads after which nothing is left to do
PART_WORDS: dict[Part, str] = {
    "confirm": "Confirm that it is real",
    "diagnose": "Find out what is wrong",
    "mitigate": "Stop the bleeding",
    "resolve": "Make sure that it is over",
    "call": "Whom to call",
}


@dataclass(frozen=True)
class Answer:
    """One answer to a question: where it leads. Empty: on to the next step. ``end``: this runbook is done."""

    text: str
    go_to: str = ""


@dataclass(frozen=True)
class Step:
    """One step. ``key`` is its name within the runbook and stays when others move; ``expect`` says what one should see."""

    key: str
    kind: Kind
    part: Part
    title: str
    text: str = ""  # Markdown
    expect: str = ""
    minutes: int | None = None  # what it takes, for somebody who has never done it
    indicator: str = ""  # look: "service/name" of an indicator of the evidence
    url: str = ""  # look: a page elsewhere
    mitigation: str = ""  # run: a mitigation of the catalog
    answers: tuple[Answer, ...] = ()  # ask
    target: str = ""  # call: "person:ada@example.org", "team:shop", "schedule:primary" or "policy:shop"

    def as_json(self) -> dict[str, Any]:
        """As a version keeps it: what says nothing is left out."""
        said = {name: value for name, value in asdict(self).items() if value not in ("", None, ())}
        if self.answers:
            said["answers"] = [
                {"text": each.text, "go_to": each.go_to} if each.go_to else {"text": each.text} for each in self.answers
            ]
        return said

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Step:
        """What :meth:`as_json` wrote."""
        answers = tuple(Answer(each["text"], each.get("go_to", "")) for each in data.get("answers") or ())
        return cls(**{**data, "answers": answers})

    def follows(self, next_key: str) -> frozenset[str]:
        """Which steps may come after this one, where ``next_key`` stands below it (``end``: none does)."""
        return frozenset(each.go_to or next_key for each in self.answers) if self.answers else frozenset({next_key})


def steps_of(data: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    """The steps that a version keeps."""
    return tuple(Step.of(each) for each in data)
