"""The one way in which state changes: permission, state, history row and audit record in one transaction.

::

    with change(by, "alert_group.acknowledged", group, needs=Action.RESPOND, team=group.team) as made:
        group.acknowledged_at = made.at
        group.save()
        made.history(GroupEvent(group=group, kind="acknowledged"))
        made.touch(f"group:{group.pk}")
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import models, transaction

from ..kernel import clock, wake
from ..kernel.db import announce
from .actors import Actor
from .listeners import Happened, tell
from .models import AuditRecord, Team
from .roles import Action


class Change:
    """A change being made. Everything handed to it is committed together with the state, or not at all."""

    def __init__(self, by: Actor, action: str, subject: models.Model | None, team_id: int | None = None) -> None:
        self.by, self.action, self.subject = by, action, subject
        self.team_id = team_id  # whose it is; may be said while it is made, where it takes no permission of that team
        self.at: datetime = clock.now()
        self.data: dict[str, Any] = {}  # shown in the audit trail
        self.words: dict[str, Any] = {}  # told to who listens, and not repeated there
        self._topics: set[str] = set()

    def history(self, row: models.Model) -> None:
        """Write the row that says what happened; it is log, statistics and outbox at once."""
        row.save()

    def touch(self, *topics: str) -> None:
        """Live topics whose pages should re-read themselves after the commit."""
        self._topics.update(topics)

    def due(self) -> None:
        """Something is now due sooner than the engine knows: wake it after the commit."""
        self._topics.add(wake.DUE)

    def note(self, **data: Any) -> None:
        """Facts for the audit trail. Never secrets."""
        self.data.update(data)

    def tell(self, **words: Any) -> None:
        """What was said, for who listens: webhooks and workflows. The audit trail says that it was, not what."""
        self.words.update(words)


@contextmanager
def change(
    by: Actor,
    action: str,
    subject: models.Model | None = None,
    *,
    needs: Action,
    team: Team | int | None = None,
) -> Iterator[Change]:
    """Open a transaction in which ``by`` does ``action`` (noun.verb_in_the_past) to ``subject``.

    :raises NotAllowed: ``by`` may not do what ``needs`` says to what ``team`` owns; nothing was changed.
    """
    by.require(needs, team)
    by.require_change()
    with transaction.atomic():
        made = Change(by, action, subject, team.pk if isinstance(team, Team) else team)
        yield made
        subject = made.subject
        AuditRecord.objects.create(
            at=made.at,
            action=made.action,
            actor_kind=by.kind,
            person=by.person,
            actor_name=by.name[:150],
            team_id=made.team_id,
            object_kind=(subject._meta.model_name or "") if subject is not None else "",
            object_id=subject.pk if subject is not None else None,
            object_name=str(subject)[:200] if subject is not None else "",
            data=made.data,
            address=by.address,
        )
        tell([Happened(made.action, made.at, by, subject, made.team_id, made.data | made.words)])
        if made._topics:
            announce(made._topics)
