"""The form of a runbook: what it is for, and its steps, as many as there are, in any order. What a page sends is read here, row
by row; what it means is checked by the command."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from django import forms
from django.http import QueryDict
from django.urls import reverse_lazy

from ..accounts.actors import Actor
from ..accounts.models import Person, Team
from ..accounts.roles import Action
from ..catalog.models import Service
from ..catalog.queries import services_visible_to
from ..incidents.forms import choices
from ..kernel.errors import WatchroomError
from ..kernel.found import FoundSelect, FoundSelectMultiple, OneOf
from ..kernel.numbers import whole
from . import choosing, rules
from .models import Runbook
from .rules import Answer, Step

KINDS = {
    "do": "Do something",
    "look": "Look at something",
    "run": "Start a mitigation",
    "ask": "Answer a question",
    "call": "Call somebody",
}
_AT = re.compile(r"steps\[(\d{1,3})\](?:\.(\w+))?")


class RunbookForm(forms.Form):
    """A runbook without its steps."""

    name = forms.CharField(max_length=120, label="Name", help_text="What is seen: “Checkout is slow”.")
    team = OneOf(Team.objects.none(), label="Owned by")
    summary = forms.CharField(
        required=False, max_length=2_000, label="When to use it", widget=forms.Textarea(attrs={"rows": 2})
    )
    services = forms.ModelMultipleChoiceField(
        Service.objects.none(),
        required=False,
        label="For these services",
        widget=FoundSelectMultiple(reverse_lazy("choices-services")),
        help_text="It is offered where their alerts and incidents are.",
    )
    matchers = forms.CharField(
        required=False,
        label="Only for alerts with these labels",
        widget=forms.Textarea(attrs={"rows": 2, "class": "mono"}),
        help_text='One on each line; all must match. Such as alertname="CheckoutSlow".',
    )
    owner = forms.ModelChoiceField(
        Person.objects.none(),
        required=False,
        label="Who keeps it right",
        empty_label="The team's managers",
        widget=FoundSelect(reverse_lazy("choices-people")),
    )
    review_days = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=1_000,
        label="Look at it again after so many days",
        help_text="They are reminded in the morning. 180 is a good beginning.",
    )

    def __init__(self, *args: Any, actor: Actor, runbook: Runbook | None = None, **kwargs: Any) -> None:
        if runbook is not None and "initial" not in kwargs:
            kwargs["initial"] = {
                "name": runbook.name,
                "team": runbook.team_id,
                "summary": runbook.summary,
                "services": list(runbook.services.values_list("pk", flat=True)),
                "matchers": "\n".join(runbook.matchers),
                "owner": runbook.owner_id,
                "review_days": runbook.review_days,
            }
        super().__init__(*args, **kwargs)
        choices(self.fields["team"], actor.teams_where(Action.MANAGE))
        choices(self.fields["services"], services_visible_to(actor))
        choices(self.fields["owner"], Person.objects.filter(is_active=True))

    def values(self) -> dict[str, Any]:
        """For the command."""
        lines = [line.strip() for line in self.cleaned_data["matchers"].splitlines() if line.strip()]
        return self.cleaned_data | {"matchers": lines}


# --- Steps -----------------------------------------------------------------------------------------------------------


def steps_sent(said: QueryDict) -> list[Step]:
    """The steps that a page sent, as they stand there. What belongs to another kind than a step has is left out: its field was
    shown before the kind was changed."""
    count = min(whole(said.get("rows", ""), 3) or 0, rules.MOST_STEPS)
    return [_sent(said, number) for number in range(count)]


def _sent(said: QueryDict, number: int) -> Step:
    def text(name: str) -> str:
        return said.get(f"{name}-{number}", "").strip()

    kind: Any = text("kind") if text("kind") in KINDS else "do"
    part: Any = text("part") if text("part") in rules.PARTS else "confirm"
    answers: tuple[Answer, ...] = ()
    if kind == "ask":
        pairs = zip(said.getlist(f"answer-{number}"), said.getlist(f"to-{number}"), strict=False)
        answers = tuple(Answer(words.strip(), to.strip()) for words, to in pairs if words.strip())
    of = {"look": ("indicator", "url"), "run": ("mitigation",), "call": ("target",)}.get(kind, ())
    return Step(
        key=text("key"),
        kind=kind,
        part=part,
        title=text("title"),
        text=said.get(f"text-{number}", ""),
        expect=text("expect"),
        minutes=whole(text("minutes"), 5),
        answers=answers,
        **{name: text(name) for name in of},
    )


def turned(steps: list[Step], what: str) -> int | None:
    """Do with ``steps`` what a button of the list says: ``add:mitigate:do``, ``up:2``, ``down:2``, ``remove:2``. Returns which
    one to look at."""
    verb, _, said = what.partition(":")
    steps[:] = [step if step.key or not step.title else replace(step, key="") for step in steps]
    if verb == "add":
        part, _, kind = said.partition(":")
        if part not in rules.PARTS or kind not in KINDS or len(steps) >= rules.MOST_STEPS:
            return None
        order = rules.PARTS.index(part)
        at = max((n + 1 for n, step in enumerate(steps) if rules.PARTS.index(step.part) <= order), default=0)
        steps.insert(at, Step("", kind, part, ""))  # type: ignore[arg-type]
        return at
    number = whole(said, 3)
    if number is None or number >= len(steps):
        return None
    if verb == "look":
        return number
    if verb not in {"up", "down", "remove"}:
        return None
    step = steps.pop(number)
    if verb == "remove":
        return min(number, len(steps) - 1) if steps else None
    to = max(0, number - 1) if verb == "up" else min(number + 1, len(steps))
    steps.insert(to, step)
    return to


def named_again(steps: list[Step]) -> list[Step]:
    """The same steps; those with a title have a key, so that answers can lead to them."""
    keyed = iter(rules.with_keys(step for step in steps if step.key or step.title.strip()))
    return [next(keyed) if step.key or step.title.strip() else step for step in steps]


def rows_shown(
    steps: list[Step], *, look_at: int | None, error: WatchroomError | None, all_choices: bool = False
) -> dict[str, Any]:
    """All that the page needs of the steps; a query for each kind of thing that is chosen in them, however many steps there are.
    ``all_choices``: and all else that could be."""
    at = _AT.match(error.field or "") if error is not None else None
    wrong, about = (int(at[1]), at[2] or "") if at else (None, "")
    kinds = {step.kind for step in steps}
    places = [(step.key, f"{number}. {step.title}") for number, step in enumerate(steps, 1) if step.key]
    return {
        "rows": [
            {
                "number": number,
                "step": step,
                "first": number == 0,
                "last": number == len(steps) - 1,
                "look": number == look_at,
                "error": error if wrong == number else None,
                "about": about if wrong == number else "",
                "answers": [*step.answers, *[Answer("")] * (max(2, len(step.answers) + 1) - len(step.answers))]
                if step.kind == "ask"
                else (),
            }
            for number, step in enumerate(steps)
        ],
        "kinds": KINDS.items(),
        "parts": rules.PART_WORDS.items(),
        "places": places,
        "full": len(steps) >= rules.MOST_STEPS,
        "mitigations": choosing.MITIGATIONS.chosen((s.mitigation for s in steps), whole=all_choices and "run" in kinds),
        "indicators": choosing.INDICATORS.chosen((s.indicator for s in steps), whole=all_choices and "look" in kinds),
        "targets": choosing.CALLED.chosen((s.target for s in steps), whole=all_choices and "call" in kinds),
        "all_choices": all_choices,
        "error": error if wrong is None else None,
    }
