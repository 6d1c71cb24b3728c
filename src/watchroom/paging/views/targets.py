"""Whom a step of a policy can page, looked for as somebody types: there may be thousands of schedules and people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ...accounts.models import Person, Team
from ...incidents.models import RoleName
from ...kernel.found import MOST, fitting, shared
from ...kernel.numbers import whole
from ...oncall.models import Schedule
from ...runbooks import choosing
from ..models import EscalationStep, StepTarget

Offered = tuple[str, str]  # as the form sends it, and in words

# How each is written in the form, in words, and of what.
_KINDS: tuple[tuple[str, str, Any], ...] = (
    ("schedule", "On call in {}", Schedule),
    ("schedule/next", "Next on call in {}", Schedule),
    ("schedule/all", "Everybody in the rotations of {}", Schedule),
    ("person", "{}", Person),
    ("team", "Everybody in {}", Team),
)
_ROLES: tuple[Offered, ...] = tuple((f"role:{value}", f"{label} of the incident") for value, label in RoleName.choices)


def _rows(model: Any) -> Any:
    rows = model.objects.filter(is_active=True).only("name", "email") if model is Person else model.objects.only("name")
    return rows.order_by("name", "pk")


def found(words: str) -> list[Offered]:
    """What fits these words, thirty at most: each stands in what it is called. A question for each kind."""
    typed = words.lower().split()
    lists: list[Sequence[Offered]] = []
    for kind, form, model in _KINDS:
        said = form.format("").lower()
        fields = ("name", "email") if model is Person else ("name",)
        rows = fitting(_rows(model), " ".join(word for word in typed if word not in said), *fields)
        lists.append([(f"{kind}:{row.pk}", form.format(row)) for row in rows[:MOST]])
    lists.append([each for each in _ROLES if all(word in each[1].lower() for word in typed)])
    return shared(lists)


def named(chosen: Iterable[str]) -> list[Offered]:
    """These in words; what is gone is left out. A question for each kind that is among them."""
    known = dict(_ROLES)
    split = [(each, *each.partition(":")[::2]) for each in chosen]
    offered = [(each, known[each]) for each, _, _ in split if each in known]
    for kind, form, model in _KINDS:
        numbers = {whole(about) for _, of, about in split if of == kind} - {None}
        rows = _rows(model).filter(pk__in=numbers) if numbers else ()
        offered += [(f"{kind}:{row.pk}", form.format(row)) for row in rows]
    return offered


def everything() -> list[Offered]:
    """All that there is, for a page without a script."""
    return [*((f"{kind}:{row.pk}", form.format(row)) for kind, form, model in _KINDS for row in _rows(model)), *_ROLES]


def name_proposed(steps: Iterable[EscalationStep]) -> None:
    """Give each target of these that proposes something ``proposed``: its name, for a page. Their targets are read
    already; a few questions, however many they are."""
    proposing = [(target, key) for step in steps for target in step.targets.all() if (key := _proposed(target))]
    for kind, offers in (("mitigation", choosing.MITIGATIONS), ("runbook", choosing.PROPOSABLE)):
        own = [(target, key) for target, key in proposing if getattr(target, kind)]
        names = dict(offers.chosen({key for _, key in own}))
        for target, key in own:
            target.proposed = f"propose {names[key]}"  # type: ignore[attr-defined]


def _proposed(target: StepTarget) -> str:
    """As the form sends what is proposed; empty: nothing is."""
    return target.mitigation or "/".join(each for each in (target.runbook, target.runbook_step) if each)
