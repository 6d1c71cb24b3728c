"""What mitigations lend to paging, registered when Django starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from collections.abc import Collection

    from ..accounts.actors import Actor
    from ..paging.hooks import Proposal
    from ..paging.models import Escalation
    from ..paging.rules import Target
    from ..workspaces.base import Part


def _describe(what: Target) -> Proposal | None:
    from .proposals import describe

    return describe(what)


def _start(by: Actor, escalation: Escalation, what: Target, key: str) -> str:
    from .proposals import start_approved

    return start_approved(by, escalation, what, key)


def _hold(escalation: Escalation) -> None:
    from .proposals import hold

    hold(escalation)


class _Runs:
    def about(self, group: int, but: Collection[str], zone: str) -> list[Part]:
        from . import shown

        return shown.about(group, but, zone)

    def started_by(self, key: str, escalation: Escalation, zone: str) -> Part | None:
        from . import shown

        return shown.started_by(key, escalation, zone)

    def all_may_see(self, escalation: Escalation) -> bool:
        from . import shown

        return shown.all_may_see(escalation)

    def part(self, number: int, zone: str) -> Part | None:
        from . import shown

        return shown.part(number, zone)

    def decide(self, by: Actor, number: int, *, approve: bool) -> tuple[str, bool]:
        from . import shown

        return shown.decide(by, number, approve=approve)


class MitigationsConfig(AppConfig):
    """Mitigations."""

    name = "watchroom.mitigations"

    def ready(self) -> None:
        from ..paging.hooks import proposals_come_from, runs_are_shown_by, subjects_are_held_by

        proposals_come_from("mitigation", _describe, _start)
        runs_are_shown_by(_Runs())
        subjects_are_held_by(_hold)
