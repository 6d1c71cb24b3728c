"""The catalog: what can be tried."""

from __future__ import annotations

from typing import Any

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Team
from ...accounts.roles import Action
from ...catalog.models import Service
from ...evidence.models import Indicator
from ...kernel.checks import chosen, within, written
from ...kernel.errors import Refused
from ...kernel.names import only_one, short_name
from ...kernel.plugins import one_of
from ...runners.base import Runner as Plugin
from ..models import Mitigation, MitigationKind, Risk, Runner
from .runners import GROUP


def save_mitigation(
    by: Actor,
    mitigation: Mitigation | None,
    *,
    team: Team,
    service: Service | None = None,
    kind: str = MitigationKind.OTHER,
    name: str,
    slug: str = "",
    how: str,
    check_text: str = "",
    undo: str = "",
    risk: str = Risk.LOW,
    indicator: Indicator | None = None,
    runner: Runner | None = None,
    inputs: dict[str, Any] | None = None,
    timeout_seconds: int = 900,
    needs_approval: bool = False,
    managers_only: bool = False,
) -> Mitigation:
    """Put a mitigation into the catalog, or change it. With a ``runner`` Watchroom carries it out by ``inputs``.

    :raises Refused: no name, nothing said on how to do it, an unknown kind or risk, inputs that the runner does not accept.
    :raises NotAllowed: the team, or the runner's, is managed by others.
    :raises Conflict: another one has this slug.
    """
    within(timeout_seconds, 10, 86_400, "time-out", field="timeout_seconds", unit="seconds")
    if runner is not None:
        by.require(Action.MANAGE, runner.team)
        plugin: Plugin = one_of(GROUP, runner.kind)
        inputs = plugin.check_inputs(inputs or {})
    else:
        inputs = {}
    chosen(kind, MitigationKind.values, "kind of mitigation", field="kind")
    chosen(risk, Risk.values, "risk", field="risk")
    name = written(name, "A mitigation needs a name", 120, field="name", fix="For example “Roll back checkout”.")
    if not how.strip():
        raise Refused(
            "Say how it is done.", field="how", value=how, fix="Step by step, for someone without deep knowledge."
        )
    mitigation = mitigation or Mitigation()
    created = mitigation.pk is None
    if not created:
        by.require(Action.MANAGE, mitigation.team)
    slug = short_name(slug, before=mitigation.slug, name=name, otherwise="mitigation", among=Mitigation.objects)
    with change(
        by, "mitigation.created" if created else "mitigation.changed", mitigation, needs=Action.MANAGE, team=team
    ) as made:
        mitigation.team, mitigation.service, mitigation.kind, mitigation.name, mitigation.slug = (
            team,
            service,
            kind,
            name,
            slug,
        )
        mitigation.how, mitigation.check_text, mitigation.undo, mitigation.risk = (
            how.strip(),
            check_text.strip(),
            undo.strip(),
            risk,
        )
        mitigation.indicator, mitigation.runner, mitigation.inputs = indicator, runner, inputs
        mitigation.timeout_seconds, mitigation.needs_approval = timeout_seconds, needs_approval
        mitigation.managers_only = managers_only
        if runner is not None:
            made.note(runner=runner.slug, inputs=inputs)
        with only_one("mitigation", slug=slug):
            mitigation.save()
        made.touch("mitigations")
    return mitigation


def delete_mitigation(by: Actor, mitigation: Mitigation) -> None:
    """Take a mitigation out of the catalog. Its runs stay in their incidents."""
    with change(by, "mitigation.deleted", mitigation, needs=Action.MANAGE, team=mitigation.team) as made:
        made.note(name=mitigation.name, slug=mitigation.slug)
        made.subject = None
        made.touch("mitigations")
        mitigation.delete()
