"""What a list of steps must hold, so that whoever follows it at night always gets somewhere. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from ...kernel.errors import Refused
from .steps import END, KINDS, PARTS, Answer, Step

MOST_STEPS, MOST_ANSWERS, MOST_MINUTES = 60, 8, 24 * 60
LONGEST = {
    "title": 160, "text": 8_000, "expect": 400, "url": 1_000, "indicator": 200, "mitigation": 64, "target": 300,
}  # fmt: skip
_LONGEST_ANSWER, _LONGEST_KEY = 80, 40
_KEY = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_URL = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
TARGET = re.compile(r"(person|team|schedule|policy):(\S.*)")
_OF_KIND = {"look": ("indicator", "url"), "run": ("mitigation",), "ask": ("answers",), "call": ("target",)}
_SAYS = {
    "look": "Say where to look: an indicator, or the address of a page.",
    "run": "Choose a mitigation of the catalog.",
    "ask": "Give it answers, such as “Yes” and “No”, and where each leads.",
    "call": "Say whom: person:ada@example.org, team:shop, schedule:primary or policy:shop.",
}
_KNOWN = {each.name for each in fields(Step)}


def checked(given: Sequence[Step | Mapping[str, Any]]) -> tuple[Step, ...]:
    """These steps, tidied: texts without what surrounds them, keys where there are none.

    :raises Refused: one of them, or where they lead, makes no sense; the field is ``steps[2].title``, counted from 0.
    """
    if len(given) > MOST_STEPS:
        raise Refused(
            "Those are too many steps to be followed at night.",
            field="steps",
            value=len(given),
            fix=f"Keep to {MOST_STEPS}; make two runbooks of it.",
        )
    steps = with_keys(_tidy(_read(each, number), number) for number, each in enumerate(given))
    _keys(steps)
    for number, step in enumerate(steps):
        _one(step, f"steps[{number}]", {each.key for each in steps})
    _leads_somewhere(steps)
    return steps


def with_keys(steps: Iterable[Step]) -> tuple[Step, ...]:
    """The same steps, each with a key: one that has none gets it of its title."""
    given = list(steps)
    taken = {step.key for step in given if step.key} | {END}
    found = []
    for step in given:
        if not step.key:
            step = replace(step, key=_made_of(step.title, taken))
            taken.add(step.key)
        found.append(step)
    return tuple(found)


def _made_of(title: str, taken: set[str]) -> str:
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[: _LONGEST_KEY - 4].strip("-") or "step"
    number, made = 1, base
    while made in taken:
        number += 1
        made = f"{base}-{number}"
    return made


def _read(given: Step | Mapping[str, Any], number: int) -> Step:
    """A step out of what a file or a program says."""
    if isinstance(given, Step):
        return given
    where = f"steps[{number}]"
    for name in given:
        if name not in _KNOWN:
            raise Refused(
                f"A step has no field {name!r}.", field=f"{where}.{name}", value=name, fix=f"Use {', '.join(sorted(_KNOWN))}."
            )  # fmt: skip
    said = {name: value for name, value in given.items() if value is not None}
    for name, value in said.items():
        wanted, word = (int, "number") if name == "minutes" else (str, "text")
        if name != "answers" and type(value) is not wanted:
            raise Refused(
                f"That {name} is not accepted.", field=f"{where}.{name}", value=str(value)[:80], fix=f"Write a {word}."
            )
    try:
        answers = tuple(Answer(str(each["text"]), str(each.get("go_to") or "")) for each in said.pop("answers", ()))
    except (TypeError, KeyError, AttributeError):
        raise Refused(
            "Those are no answers.", field=f"{where}.answers", value="", fix="Give each a text, and perhaps go_to."
        ) from None
    filled = {"key": "", "kind": "do", "part": "", "title": ""} | said
    return Step(**filled, answers=answers)


def _tidy(step: Step, number: int) -> Step:
    line: dict[str, Any] = {
        name: " ".join(getattr(step, name).split()) for name in ("title", "expect", "url", "indicator", "mitigation", "target")
    }  # fmt: skip
    answers = tuple(Answer(" ".join(each.text.split()), each.go_to.strip()) for each in step.answers)
    return replace(step, key=step.key.strip(), text=tidy_text(step.text), answers=answers, **line)


def tidy_text(text: str) -> str:
    """Markdown with the line ends of this world, and neither empty lines around it nor spaces at the end of one."""
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    return "\n".join(lines).strip("\n")


def _keys(steps: Sequence[Step]) -> None:
    seen: dict[str, int] = {}
    for number, step in enumerate(steps):
        if step.key == END or not _KEY.fullmatch(step.key):
            raise Refused(
                "That key is not accepted.",
                field=f"steps[{number}].key",
                value=step.key[:60],
                fix="Use small letters, digits and dashes, at most 40, and not “end”; or leave it out.",
            )
        if step.key in seen:
            raise Refused(
                f"Steps {seen[step.key] + 1} and {number + 1} have the same key.",
                field=f"steps[{number}].key",
                value=step.key,
                fix="Give one of them another key, or none.",
            )
        seen[step.key] = number


def _one(step: Step, where: str, keys: set[str]) -> None:
    """What a step must hold by itself."""
    if not step.title:
        raise Refused(
            "A step needs a title.", field=f"{where}.title", value="", fix="Say in one line what is done: “Look at the error rate”."
        )  # fmt: skip
    for name, most in LONGEST.items():
        if len(value := getattr(step, name)) > most:
            raise Refused(
                f"That {name} is too long.", field=f"{where}.{name}", value=f"{value[:40]}…", fix=f"Keep to {most} letters."
            )  # fmt: skip
    for name, allowed in (("kind", KINDS), ("part", PARTS)):
        if (value := getattr(step, name)) not in allowed:
            raise Refused(
                f"That {name} is not accepted.", field=f"{where}.{name}", value=value, fix=f"Use {', '.join(allowed)}."
            )
    if step.minutes is not None and not 1 <= step.minutes <= MOST_MINUTES:
        raise Refused(
            "That many minutes are not accepted.", field=f"{where}.minutes", value=step.minutes, fix=f"Use 1 to {MOST_MINUTES}, or none."
        )  # fmt: skip
    own = _OF_KIND.get(step.kind, ())
    for kind, names in _OF_KIND.items():
        for name in names:
            if kind != step.kind and getattr(step, name):
                raise Refused(
                    f"A step of the kind {step.kind} has no {name}.",
                    field=f"{where}.{name}",
                    value=str(getattr(step, name))[:80],
                    fix=f"Leave it out, or make it a step of the kind {kind}.",
                )
    if own and not any(getattr(step, name) for name in own):
        raise Refused(
            f"This step says too little: {step.title}.", field=f"{where}.{own[0]}", value="", fix=_SAYS[step.kind]
        )
    if step.url and not _URL.fullmatch(step.url):
        raise Refused("That is no address.", field=f"{where}.url", value=step.url[:80], fix="Begin with https://.")
    if step.target and not TARGET.fullmatch(step.target):
        raise Refused("That is nobody to call.", field=f"{where}.target", value=step.target[:80], fix=_SAYS["call"])
    _answers(step, where, keys)


def _answers(step: Step, where: str, keys: set[str]) -> None:
    if len(step.answers) > MOST_ANSWERS:
        raise Refused(
            "Those are too many answers.", field=f"{where}.answers", value=len(step.answers), fix=f"Keep to {MOST_ANSWERS}."
        )  # fmt: skip
    said: set[str] = set()
    for number, answer in enumerate(step.answers):
        at = f"{where}.answers[{number}]"
        if not answer.text or len(answer.text) > _LONGEST_ANSWER or answer.text.lower() in said:
            raise Refused(
                "An answer needs a text of its own.",
                field=f"{at}.text",
                value=answer.text[:40],
                fix=f"Write some words, at most {_LONGEST_ANSWER} letters, that no other answer here has.",
            )
        said.add(answer.text.lower())
        if answer.go_to and answer.go_to != END and answer.go_to not in keys:
            raise Refused(
                f"The answer “{answer.text}” leads nowhere: there is no step {answer.go_to!r}.",
                field=f"{at}.go_to",
                value=answer.go_to[:60],
                fix="Choose a step, “end”, or nothing for the next step.",
            )


def _leads_somewhere(steps: Sequence[Step]) -> None:
    """Every step can be come to from the first one, and from each there is a way to the end."""
    after = {
        step.key: step.follows(steps[number + 1].key if number + 1 < len(steps) else END)
        for number, step in enumerate(steps)
    }
    reached = _all_from(steps[0].key if steps else END, after)
    before: dict[str, set[str]] = {}
    for key, following in after.items():
        for each in following:
            before.setdefault(each, set()).add(key)
    ending = _all_from(END, before)
    for number, step in enumerate(steps):
        if step.key not in reached:
            raise Refused(
                f"Nobody ever gets to step {number + 1}, “{step.title}”.",
                field=f"steps[{number}]",
                value=step.key,
                fix="Let an answer lead to it, or the step before it; or take it out.",
            )
        if step.key not in ending:
            raise Refused(
                f"From step {number + 1}, “{step.title}”, one turns in circles for ever.",
                field=f"steps[{number}].answers" if step.answers else f"steps[{number}]",
                value=step.key,
                fix="Let one of the answers lead on, or to “end”.",
            )


def _all_from(first: str, edges: Mapping[str, Iterable[str]]) -> set[str]:
    found, ahead = {first}, [first]
    while ahead:
        for each in edges.get(ahead.pop(), ()):
            if each not in found:
                found.add(each)
                ahead.append(each)
    return found
