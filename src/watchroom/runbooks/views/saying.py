"""``/runbook`` in the room and in a chat: begin one, and say what came of the step that is next."""

from __future__ import annotations

from ...accounts.actors import Actor
from ...incidents.models import Incident
from ...kernel.errors import Conflict, Refused
from .. import commands
from ..models import Runbook, RunbookRun
from ..offering import offered_in
from ..queries import visible_to
from ..rules import Step, progress, steps_of
from ..runs import runs_visible_to, said_of

_OUTCOMES = {"done": "done", "failed": "failed", "skip": "skipped", "skipped": "skipped", "answer": "answered"}
_STARTS = ("start", "call")


def line(by: Actor, incident: Incident, text: str, key: str) -> str:
    """Carry out what stands after ``/runbook``, and say what is next.

    Nothing: what runs and what fits. A name: begin it. ``done``, ``failed``, ``skip WHY``, ``answer WORDS``, ``start`` (the
    mitigation of the step), ``call`` (whom it names): the step that is next of what was begun last. ``helped``, ``partly``, ``no``
    or ``outdated``: it is over.
    """
    word, _, rest = text.strip().partition(" ")
    word = word.lower()
    if not word:
        return _all(by, incident)
    if word in _OUTCOMES or word in _STARTS or word in progress.HELP:
        return _go_on(by, incident, word, rest.strip())
    run = commands.start_run(by, _named(by, incident, text.strip()), incident=incident, client_key=key)
    return _next(run)


def _all(by: Actor, incident: Incident) -> str:
    running = _running(by, incident)
    lines = [f"{run.name}: {_next(run)}" for run in running]
    for each in offered_in(by, incident):
        reason, past = each.reason, each.past.text  # type: ignore[attr-defined]
        lines.append(f"/runbook {each.slug}: {each.name}. {reason}. {past}".strip())
    return "\n".join(lines) or "No runbook fits: name one, such as /runbook disk-full."


def _running(by: Actor, incident: Incident) -> list[RunbookRun]:
    return list(runs_visible_to(by).filter(incident=incident, ended_at__isnull=True).order_by("-id"))


def _named(by: Actor, incident: Incident, name: str) -> Runbook:
    """By its slug, or its name if only one is called so."""
    rows = visible_to(by)
    found = list(rows.filter(slug=name.lower())) or list(rows.filter(name__iexact=name)[:2])
    if len(found) != 1:
        fits = ", ".join(each.slug for each in offered_in(by, incident))
        raise Refused(
            "No runbook is called so." if not found else "Several are called so.",
            field="text",
            value=name[:60],
            fix=f"For example one that fits: {fits}." if fits else "Use its slug, as in /runbooks.",
        )
    return found[0]


def _go_on(by: Actor, incident: Incident, word: str, rest: str) -> str:
    run = next(iter(_running(by, incident)), None)
    if run is None:
        raise Conflict("No runbook is being carried out here.", field="text", value=word, fix="Begin one: /runbook")
    if word in progress.HELP:
        commands.finish_run(by, run, helped=word, note=rest)
        return f"{run.name} is over."
    step = _step(run)
    if step is None:
        raise Conflict("No step is left.", field="text", value=word, fix="Say whether it helped: /runbook helped")
    if word == "start":
        started = commands.start_step(by, run, step.key)
        return f"Started: {started}. Then: /runbook done, or /runbook failed."
    if word == "call":
        commands.call(by, run, step.key)
    else:
        answer, note = (rest, "") if word == "answer" else ("", rest)
        commands.say(by, run, step.key, outcome=_OUTCOMES[word], answer=answer, note=note)
    return _next(run)


def _step(run: RunbookRun) -> Step | None:
    steps = steps_of(run.steps)
    key = progress.standing(steps, said_of(run)).next
    return next((each for each in steps if each.key == key), None)


def _next(run: RunbookRun) -> str:
    step = _step(run)
    if step is None:
        return "Nothing is left. Did it help? /runbook helped, partly, no or outdated"
    number = 1 + [each["key"] for each in run.steps].index(step.key)
    said = f"Step {number} of {len(run.steps)}: {step.title}."
    if step.answers:
        choices = "; ".join(f"{place}. {each.text}" for place, each in enumerate(step.answers, 1))
        return f"{said} {choices} (/runbook answer 1)"
    if step.mitigation:
        return f"{said} /runbook start begins {step.mitigation}."
    return f"{said} /runbook call pages {step.target}." if step.target else said
