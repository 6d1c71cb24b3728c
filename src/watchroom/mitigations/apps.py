"""What mitigations lend to paging, registered when Django starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from ..accounts.actors import Actor
    from ..paging.hooks import Proposal
    from ..paging.models import Escalation
    from ..paging.rules import Target


def _describe(what: Target) -> Proposal | None:
    from .proposals import describe

    return describe(what)


def _start(by: Actor, escalation: Escalation, what: Target, key: str) -> str:
    from .proposals import start_approved

    return start_approved(by, escalation, what, key)


def _hold(escalation: Escalation) -> None:
    from .proposals import hold

    hold(escalation)


class MitigationsConfig(AppConfig):
    """Mitigations."""

    name = "watchroom.mitigations"

    def ready(self) -> None:
        from ..paging.hooks import proposals_come_from, subjects_are_held_by

        proposals_come_from("mitigation", _describe, _start)
        subjects_are_held_by(_hold)
