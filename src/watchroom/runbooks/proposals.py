"""Runbooks, and steps of them, that an escalation policy proposes, and what happens when somebody approves one."""

from __future__ import annotations

from django.utils.crypto import salted_hmac

from ..accounts.actors import Actor
from ..kernel.errors import Conflict, NotFound
from ..mitigations.commands.fingerprints import mark_of_proposal
from ..mitigations.models import Mitigation
from ..mitigations.proposals import begun, incident_of, starts_at_once, where_of
from ..mitigations.queries import who_may
from ..paging.hooks import Proposal
from ..paging.models import Escalation
from ..paging.rules import Target
from .commands import start_run, start_step
from .models import Runbook
from .rules import Step, steps_of


def describe(what: Target) -> Proposal | None:
    """The runbook as a policy proposes it, and the step that is begun with it; None: either is not there, or what the step
    starts is no longer in the catalog."""
    runbook = Runbook.objects.filter(slug=what.slug).first()
    version = runbook.versions.filter(version=runbook.version).first() if runbook else None
    if runbook is None or version is None or not version.steps:
        return None
    if not what.step:
        steps = "\n".join(f"{number}. {each['title']}" for number, each in enumerate(version.steps, 1))
        text = "\n\n".join(part for part in (runbook.summary, steps) if part)
        return Proposal(f"the runbook {runbook}", text, _mark(runbook, ""))
    step = next((each for each in steps_of(version.steps) if each.key == what.step), None)
    if step is None:
        return None
    mitigation = _mitigation_of(step)
    if step.mitigation and mitigation is None:
        return None
    risk = f" ({mitigation.get_risk_display().lower()} risk)" if mitigation else ""
    how = f"It starts {mitigation}:\n{mitigation.how}" if mitigation else ""
    return Proposal(
        f"{step.title}, of the runbook {runbook}{risk}",
        "\n\n".join(part for part in (step.text, how) if part),
        _mark(runbook, mark_of_proposal(mitigation) if mitigation else ""),
        *(
            (where_of(mitigation), mitigation.risk, who_may(mitigation), starts_at_once(mitigation))
            if mitigation
            else ()
        ),
    )


def start_approved(by: Actor, escalation: Escalation, what: Target, key: str) -> str:
    """Start it in the incident that is open for what is escalated; where there is none, one is declared, as for a
    mitigation. A step that starts a mitigation starts it, too. Once per ``key``, inside the caller's transaction.

    :raises NotFound: the runbook, its step, or what this was about, is gone.
    :raises Conflict: it is resolved.
    """
    runbook = Runbook.objects.filter(slug=what.slug).first()
    if runbook is None or describe(what) is None:
        raise NotFound(f"The runbook {what.detail} is no longer there.", fix="Start another one in the incident.")
    incident = incident_of(by, escalation)
    run = start_run(by, runbook, incident=incident, client_key=key)
    if run.version != runbook.version:
        raise Conflict(
            f"Version {run.version} of it is being carried out in incident {incident.pk}.",
            field="runbook",
            value=what.detail,
            fix="Go on with that, or end it first; or decline the proposal.",
        )
    step = next((each for each in steps_of(run.steps) if each.key == what.step), None)
    started = f" {begun(start_step(by, run, step.key))}." if step is not None and step.mitigation else ""
    return f"{runbook} was started in incident {incident.pk}.{started}"


def _mitigation_of(step: Step) -> Mitigation | None:
    rows = Mitigation.objects.select_related("runner", "team")
    return rows.filter(slug=step.mitigation).first() if step.mitigation else None


def _mark(runbook: Runbook, mitigation: str) -> str:
    """Of what somebody reads before they approve it (all steps: they are carried out one after another), and of what is
    then started."""
    what = f"{runbook.pk}:{runbook.version}:{mitigation}"
    return salted_hmac("watchroom.runbook-proposed", what, algorithm="sha256").hexdigest()
