"""What the guidance said, and what it watches for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...accounts.actors import Actor
from ...accounts.roles import Action
from ..guidance import all_rules, fitted
from ..models import GuidanceSetting, Nudge
from ..severities import all_severities
from .incidents import one_in


def nudge_for(actor: Actor, incident: int, pk: int) -> Nudge:
    """Something that Watchroom said in an incident that ``actor`` may see.

    :raises NotFound: there is none.
    """
    rows = Nudge.objects.select_related("incident__team").filter(incident=incident)
    return one_in(rows, actor, pk, "nudge")


@dataclass(frozen=True)
class Watched:
    """A rule of the guards as it stands in this installation."""

    name: str
    title: str
    advice: str
    to: str
    enabled: bool
    after_minutes: Mapping[int, int]
    as_shipped: Mapping[int, int]
    urgent: bool
    changed: bool


def rules_watching(actor: Actor) -> list[Watched]:
    """Every rule of the guards: what it watches for, and its thresholds here. Everybody who is signed in may see them."""
    if not actor.may(Action.SEE):
        return []
    rows = {row.rule: row for row in GuidanceSetting.objects.all()}
    found, meanings = [], all_severities()
    for rule in all_rules():
        shipped = fitted(rule, meanings)
        row = rows.get(rule.name)
        own = row.after_minutes if row else None
        after = {int(severity): minutes for severity, minutes in own.items()} if own is not None else shipped
        found.append(
            Watched(
                rule.name, rule.title, rule.advice, rule.to, row.enabled if row else True, after, shipped,
                rule.urgent,
                row is not None and (not row.enabled or dict(after) != dict(shipped)),
            )
        )  # fmt: skip
    return found
