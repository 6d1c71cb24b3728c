"""Accounts of a chat workspace that count no more, because what proves its answers was changed.

Whoever has a workspace's signing secret, or names the server that is asked for answers, can answer as any user of it. So
somebody who confirmed an account trusts the workspace as it was then, and says anew whether they trust what it has become.
"""

from __future__ import annotations

from ...accounts.changes import Change
from ...channels.chat import handle_of
from ...kernel.db import locked
from ...oncall.commands import look_at_groups_in
from ...workspaces.models import Workspace
from ..models import ContactMethod, Notification, Urgency
from .notifications import Notice, write


def take_back_confirmations(made: Change, workspace: Workspace) -> list[str]:
    """Let nobody act from ``workspace`` before they have entered a code that came there, and tell those who could.
    Pages still go there. Inside the caller's change. Returns whose accounts had been confirmed."""
    accounts = ContactMethod.objects.filter(
        channel=workspace.kind, handle__startswith=handle_of(workspace.kind, workspace.pk, "")
    )
    rows = list(locked(accounts).select_related("person").order_by("id"))
    confirmed = [row for row in rows if row.verified_at is not None]
    why = f"{made.by.name} changed how {workspace.name} is connected on {made.at:%d %b %Y at %H:%M} UTC"
    for row in rows:
        row.verified_at, row.code_hash, row.code_expires_at, row.code_tries = None, "", None, 0
        row.taken_back = f"{why}."[:250]
    ContactMethod.objects.bulk_update(
        rows, ["verified_at", "code_hash", "code_expires_at", "code_tries", "taken_back"], batch_size=500
    )
    look_at_groups_in(made.at, workspace.pk)
    people = {row.person_id: row.person for row in confirmed if row.person.is_active}
    if people:
        write(
            Notice(
                list(people.values()),
                purpose=Notification.Purpose.UPDATE,
                urgency=Urgency.LOW,
                subject=f"Confirm your account in {workspace.name} again",
                body=f"{why}. Pages still come there, but nothing is answered from there in your name until you have "
                "confirmed the account with a code. Do so only if you know of this change; ask an administrator otherwise.",
                path="/me/contact",
                reason=f"trust:{workspace.pk}:{made.at.timestamp():.0f}",
            )
        )
    made.touch(*(f"person:{row.person_id}" for row in rows))
    return [f"{row.person}: {row.label}" for row in confirmed]
