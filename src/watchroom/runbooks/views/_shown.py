"""What the page of a run shows, read at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.utils.safestring import SafeString

from ...accounts.actors import Actor
from ...evidence.models import Indicator
from ...incidents.commands._shared import needed
from ...intake.commands.groups import needed_for
from ...kernel import clock
from ...kernel.errors import NotFound, Refused
from ...mitigations.models import Mitigation, MitigationRun
from ...mitigations.queries import needed_to_start, plan_of
from ...web.markdown import to_html
from ..models import RunbookRun, StepOutcome
from ..rules import PART_WORDS, Step, progress, steps_of
from ..runs import mitigation_run_of, outcomes_of, past_of, turn_of
from ..targets import whom


@dataclass
class Shown:
    """A step, where it stands, and what it carries. ``calls``: whom it would page now; ``missing``: why it can't do what it
    says."""

    number: int
    step: Step
    outcome: StepOutcome | None = None
    left_out: bool = False
    html: SafeString = field(default_factory=SafeString)
    part: str = ""
    mitigation: Mitigation | None = None
    plan: str = ""
    may_start: bool = True
    started: MitigationRun | None = None
    evidence: tuple[str, int, str] | None = None
    indicator: Indicator | None = None
    calls: str = ""
    missing: str = ""


def context_of(by: Actor, run: RunbookRun, chosen: str = "") -> dict[str, Any]:
    """All that the page shows. ``chosen``: the key of the step that is shown big instead of the next one."""
    steps = steps_of(run.steps)
    outcomes = outcomes_of(run)
    said = [progress.Said(each.key, each.outcome, each.answer) for each in outcomes]
    stands = progress.standing(steps, said)
    last = {each.key: each for each in outcomes}
    shown = [
        Shown(number, step, last.get(step.key) if stands.of(step.key) else None, step.key in stands.left_out)
        for number, step in enumerate(steps, 1)
    ]
    here = next((each for each in shown if each.step.key == chosen and each.outcome is None), None)
    here = here or next((each for each in shown if each.step.key == stands.next), None)
    if here is not None and run.ended_at is None:
        _fill(by, run, here, turn_of(run, here.step.key))
    book = run.runbook
    return {
        "run": run,
        "steps": shown,
        "here": here if run.ended_at is None else None,
        "done": len(stands.said),
        "works": _works(by, run),
        "helps": RunbookRun.Helped.choices,
        "past": past_of([book.pk])[book.pk] if book else None,
        "me": by.person,
        "chosen": bool(chosen) and here is not None and here.step.key == chosen and chosen != stands.next,
    }


def _works(by: Actor, run: RunbookRun) -> bool:
    """Whether the page offers ``by`` to do things; the commands decide."""
    if run.incident is not None:
        return by.may(needed(by, run.incident), run.incident.team)
    return run.group is not None and by.may(needed_for(by, run.group), run.group.team)


def _fill(by: Actor, run: RunbookRun, here: Shown, turn: int) -> None:
    step = here.step
    here.html, here.part = to_html(step.text, copyable=True), PART_WORDS.get(step.part, "")
    if step.mitigation:
        _fill_mitigation(by, run, here, turn)
    if step.indicator:
        _fill_indicator(run, here)
    if step.target:
        try:
            here.calls = whom(step.target, clock.now()).name
        except (Refused, NotFound) as refused:
            here.missing = str(refused)


def _fill_mitigation(by: Actor, run: RunbookRun, here: Shown, turn: int) -> None:
    rows = Mitigation.objects.select_related("team", "runner")
    here.mitigation = found = rows.filter(slug=here.step.mitigation).first()
    if run.incident_id is not None:
        runs = MitigationRun.objects.select_related("mitigation", "started_by", "execution__approved_by")
        runs = runs.prefetch_related("steps__done_by")
        here.started = mitigation_run_of(run, here.step.key, turn, runs)
    if found is None:
        here.missing = f"The mitigation {here.step.mitigation} is no longer in the catalog: do it by hand."
        return
    here.plan, needs = plan_of(found), needed_to_start(found)
    here.may_start = needs is None or by.may(needs, found.team)


def _fill_indicator(run: RunbookRun, here: Shown) -> None:
    """The chart stands among the evidence of the incident or the alert, if it is of a service of it."""
    service, _, name = here.step.indicator.partition("/")
    here.indicator = Indicator.objects.select_related("service").filter(service__slug=service, name=name).first()
    if here.indicator is None:
        here.missing = f"There is no indicator {here.step.indicator} any more."
        return
    pk = here.indicator.service_id
    if run.incident is not None and run.incident.services.filter(pk=pk).exists():
        here.evidence = ("incidents", run.incident.pk, f"indicator-{here.indicator.pk}")
    elif run.incident is None and run.group is not None and run.group.service_id == pk:
        here.evidence = ("groups", run.group.pk, f"indicator-{here.indicator.pk}")
