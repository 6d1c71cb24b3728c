"""Workflows: saved, switched, deleted, tried dry; what failed of a run done again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..accounts.actors import Actor
from ..accounts.changes import change
from ..accounts.models import AuditRecord, Team
from ..accounts.roles import Action
from ..incidents.commands import acting_in
from ..incidents.models import Incident
from ..kernel import clock
from ..kernel.checks import written
from ..kernel.db import locked
from ..kernel.errors import Refused
from ..kernel.names import only_one, short_name
from ..outgoing.catalog import TYPES
from ..outgoing.rules import is_pattern
from ..outgoing.rules import wants as is_wanted
from ..workspaces.models import Workspace
from . import queries, rules
from .deeds import DEEDS
from .models import Workflow, WorkflowRun
from .queries import needed_for

TRIGGERS = {each.name: each.text for each in TYPES.values() if each.about == "incident"}
MOST_ACTIONS = 30


def save_workflow(
    by: Actor,
    workflow: Workflow | None,
    *,
    team: Team | None,
    name: str,
    slug: str = "",
    triggers: Sequence[str],
    conditions: Mapping[str, Any] | None = None,
    actions: Sequence[Mapping[str, Any]],
    enabled: bool = True,
) -> Workflow:
    """Have things done by themselves, or change what. ``team`` None: for everybody's incidents, which takes an administrator.

    :raises Refused: no name, no such event, conditions or actions that make no sense; names which.
    :raises Conflict: another workflow has this slug.
    """
    row = workflow or Workflow()
    if row.pk is not None:
        by.require(needed_for(row), row.team)
    needs = Action.MANAGE if team is not None else Action.ADMINISTER
    by.require(needs, team)
    name = written(name, "A workflow needs a name", 80, field="name", fix="Such as “SEV1 declared”.")
    wanted, met, deeds = _triggers(triggers), checked_conditions(conditions or {}), checked_actions(actions)
    _check_workspaces(by, team, deeds)
    slug = short_name(slug, before=row.slug, name=name, otherwise="workflow", among=Workflow.objects)
    with change(by, "workflow.changed" if row.pk else "workflow.created", row, needs=needs, team=team) as made:
        row.team, row.name, row.slug, row.enabled = team, name, slug, enabled
        row.triggers, row.conditions, row.actions = wanted, met.as_json(), deeds
        with only_one("workflow", slug=slug):
            row.save()
        made.note(slug=slug, enabled=enabled)
        made.touch("workflows", f"workflow:{row.pk}")
    return row


def _check_workspaces(by: Actor, team: Team | None, deeds: Sequence[Mapping[str, Any]]) -> None:
    """As with the steps of a policy, who posts as a team is one of its managers."""
    for number, deed in enumerate(deeds):
        workspace = Workspace.objects.select_related("team").filter(slug=deed.get("workspace", "")).first()
        if workspace is None or workspace.team in (None, team) or by.may(Action.MANAGE, workspace.team):
            continue
        raise Refused(
            f"The workspace {workspace} belongs to {workspace.team}.",
            field=f"actions[{number}].workspace",
            value=workspace.slug,
            fix="Use one that is everybody's, or ask a manager of that team.",
        )


def _triggers(given: Sequence[str]) -> list[str]:
    found = sorted({each.strip() for each in given if each.strip()})
    for each in found:
        if not is_pattern(each) or not any(is_wanted([each], type) for type in TRIGGERS):
            raise Refused(
                "No such thing happens in incidents.",
                field="triggers",
                value=each,
                fix="Use events of incidents, such as incident.declared.",
            )
    if not found:
        raise Refused("It is not said when.", field="triggers", value="", fix="Name events: incident.declared, …")
    return found


def checked_conditions(given: Mapping[str, Any]) -> rules.Conditions:
    """:raises Refused: they make no sense."""
    try:
        return rules.Conditions.of(given)
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise Refused(
            f"The conditions make no sense: {error}.",
            field="conditions",
            value=str(given)[:100],
            fix="Use severities, types, states, teams, services, labels, hours, private, drills.",
        ) from None


def checked_actions(given: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """:raises Refused: an action is unknown, or names what is not there."""
    if not given or len(given) > MOST_ACTIONS:
        raise Refused(
            "These are too many actions." if given else "It would do nothing yet.",
            field="actions",
            value=len(given),
            fix=f"Choose what is done then: 1 to {MOST_ACTIONS} actions.",
        )
    found = []
    for number, action in enumerate(given):
        kind = str(action.get("do") or "")
        deed = DEEDS.get(kind)
        if deed is None:
            raise Refused(
                "There is no such action.",
                field=f"actions[{number}].do",
                value=kind,
                fix=f"Use one of {', '.join(DEEDS)}.",
            )
        if unknown := set(action) - {"do", *deed.fields}:
            raise Refused(
                f"“{deed.label}” takes no such thing.",
                field=f"actions[{number}].{sorted(unknown)[0]}",
                value=kind,
                fix=f"It takes {', '.join(deed.fields) or 'nothing'}.",
            )
        try:
            deed.checked(action)
        except Refused as refused:
            refused.field = f"actions[{number}].{refused.field}"
            raise
        kept = {name: value for name, value in action.items() if value not in (None, "", [], False)}
        found.append({"do": kind, **{name: kept[name] for name in deed.fields if name in kept}})
    return found


def switch(by: Actor, workflow: Workflow, *, on: bool) -> Workflow:
    """Switch it on or off. What has begun is finished."""
    needs = needed_for(workflow)
    with change(by, "workflow.changed", workflow, needs=needs, team=workflow.team) as made:
        workflow.enabled = on
        workflow.save(update_fields=["enabled"])
        made.note(slug=workflow.slug, enabled=on)
        made.touch("workflows", f"workflow:{workflow.pk}")
    return workflow


def delete_workflow(by: Actor, workflow: Workflow) -> None:
    """With its run log; what it did stays in the incidents' logs."""
    with change(by, "workflow.deleted", workflow, needs=needed_for(workflow), team=workflow.team) as made:
        made.note(name=workflow.name, slug=workflow.slug)
        made.subject = None
        made.touch("workflows")
        workflow.delete()


def retry(by: Actor, run: WorkflowRun) -> WorkflowRun:
    """Do again what could not be done, and nothing else."""
    with acting_in(by, "workflow.retried", run.incident) as (made, _):
        row = locked(WorkflowRun.objects.filter(pk=run.pk)).get()
        if row.state == WorkflowRun.State.FAILED:
            # Each keeps the number it had: by it a chat knows what it has posted already.
            numbered = [{"number": number} | action for number, action in enumerate(row.actions)]
            pairs = list(zip(numbered, row.results, strict=False))
            done = [(action, result) for action, result in pairs if result["ok"]]
            left = [action for action, result in pairs if not result["ok"]]
            row.actions = [action for action, _ in done] + left
            row.results = [result | {"told": True} for _, result in done]
            row.state, row.due_at, row.ended_at = WorkflowRun.State.DUE, made.at, None
            row.save()
            made.due()
        made.note(run=row.pk)
    return row


@dataclass(frozen=True)
class Rehearsal:
    """What would have happened: ``times``: when what it waits for happened; ``unmet``: what does not hold; ``plan``: what
    it would do, in words, with what is wrong about it."""

    times: list[tuple[datetime, str]] = field(default_factory=list)
    unmet: list[str] = field(default_factory=list)
    plan: list[str] = field(default_factory=list)

    @property
    def would_run(self) -> bool:
        return bool(self.times) and not self.unmet


def dry_run(by: Actor, workflow: Workflow, incident: Incident) -> Rehearsal:
    """What a workflow would have done for an incident that ``by`` may see. Changes nothing, asks nobody."""
    by.require(Action.SEE)
    rows = AuditRecord.objects.filter(object_kind="incident", object_id=incident.pk).order_by("id")
    happened = [
        (at, type)
        for at, type, kind, name in rows.values_list("at", "action", "actor_kind", "actor_name")[:5000]
        if is_wanted(workflow.triggers, type) and not rules.is_own_doing(kind, name)
    ]
    at = happened[0][0] if happened else clock.now()
    why = rules.unmet(rules.Conditions.of(workflow.conditions), queries.snapshot(incident, at))
    if workflow.team_id is not None and workflow.team_id != incident.team_id:
        why.append("It belongs to another team.")
    plan = []
    for action in workflow.actions:
        try:
            plan.append(DEEDS[action["do"]].said(action))
        except Refused as refused:
            plan.append(f"{DEEDS[action['do']].label}: fails. {refused}")
    return Rehearsal(times=happened, unmet=why, plan=plan)
