"""The app, and what runbooks lend to paging and to alerts, registered when Django starts."""

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


class RunbooksConfig(AppConfig):
    """Runbooks."""

    name = "watchroom.runbooks"

    def ready(self) -> None:
        from ..accounts.listeners import heard_by
        from ..intake.hooks import runbooks_come_from
        from ..paging.hooks import proposals_come_from
        from .commands import follow_groups
        from .told import lines_for

        proposals_come_from("runbook", _describe, _start)
        heard_by(follow_groups)
        runbooks_come_from(lines_for)
