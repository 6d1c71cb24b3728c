"""What mitigations lend to paging, registered when Django starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from ..accounts.actors import Actor
    from ..paging.hooks import Proposal
    from ..paging.models import Escalation


def _describe(slug: str) -> Proposal | None:
    from .proposals import describe

    return describe(slug)


def _start(by: Actor, escalation: Escalation, slug: str, key: str) -> str:
    from .proposals import start_approved

    return start_approved(by, escalation, slug, key)


def _hold(escalation: Escalation) -> None:
    from .proposals import hold

    hold(escalation)


class MitigationsConfig(AppConfig):
    """Mitigations."""

    name = "watchroom.mitigations"

    def ready(self) -> None:
        from ..paging.hooks import mitigations_come_from

        mitigations_come_from(_describe, _start, _hold)
