"""The journal of signals: where it lies, how something is added to it, and what of it has not been read yet.

On SQLite the journal is a file of its own: a file has one writer at a time, and what arrives must not wait for what
the engine or a person is writing. On PostgreSQL it lies with the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.models import F, QuerySet

from ..kernel.db import JOURNAL, announce, has_journal, locked
from ..kernel.errors import NotFound
from ..kernel.prepared import prepared
from ..kernel.wake import SIGNALS

_MODELS = {"inbox", "signal"}


class Router:
    """Tells Django which tables lie in the journal."""

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        if not has_journal():
            return None
        return JOURNAL if _is_of_journal(model) else DEFAULT_DB_ALIAS

    db_for_write = db_for_read

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool | None:
        """An alert may name a signal wherever that lies; no constraint says that it is there."""
        return True

    def allow_migrate(self, db: str, app_label: str, model_name: str | None = None, **hints: Any) -> bool | None:
        if not has_journal():
            return None
        of_journal = hints.get("journal", app_label == "intake" and model_name in _MODELS)
        return bool(of_journal) == (db == JOURNAL)


def _is_of_journal(model: Any) -> bool:
    return model._meta.app_label == "intake" and model._meta.model_name in _MODELS


def open_inbox(integration_id: int) -> None:
    """Let signals of an integration be stored. Doing it twice changes nothing."""
    from .models import Inbox

    Inbox.objects.get_or_create(integration_id=integration_id)


def forget(integration_id: int) -> None:
    """Delete all signals of an integration, and accept none for it any more. Where the journal is a database of its own, that
    happens once the current transaction has been committed, and never if it is not: nothing there would be taken back."""
    if has_journal():
        transaction.on_commit(lambda: _forget(integration_id))
    else:
        _forget(integration_id)


def _forget(integration_id: int) -> None:
    from .models import Inbox, Signal

    Inbox.objects.filter(integration_id=integration_id).delete()
    rows = Signal.objects.filter(integration=integration_id)
    rows._raw_delete(rows.db)


def store(
    integration_id: int,
    *,
    received_at: datetime,
    body: bytes,
    path: str = "",
    query: str = "",
    content_type: str = "",
    headers: Mapping[str, str] | None = None,
    remote: str = "",
    problems: Sequence[Mapping[str, str]] = (),
    refused: bool = False,
) -> Any:
    """Add one signal, as the gate does for what comes from outside, and wake the engine. Returns the ``Signal``.

    On SQLite it is durable when this returns, even if the caller's own transaction fails later: then whatever is read
    from it is read twice, and alerts know themselves again by their key.

    :raises NotFound: the integration has been deleted.
    """
    from .models import Inbox, Signal

    inboxes = Inbox.objects.filter(integration_id=integration_id)
    with transaction.atomic(using=inboxes.db):
        inbox = locked(inboxes).first()
        if inbox is None:
            raise NotFound(f"There is no integration {integration_id}.", field="integration", value=integration_id)
        inboxes.update(stored=F("stored") + 1)
        signal = Signal.objects.create(
            integration_id=integration_id,
            number=inbox.stored + 1,
            received_at=received_at,
            path=path[:200],
            query=query[:500],
            content_type=content_type[:100],
            headers=dict(headers or {}),
            body=body,
            remote=remote[:64],
            problems=list(problems),
            refused=refused,
        )
    announce({SIGNALS})
    return signal


def unread() -> dict[int, int]:
    """How many signals of each integration wait to be read; integrations without any are left out."""
    stored = dict(_stored())
    return {pk: stored[pk] - read_to for pk, read_to in _read() if stored.get(pk, 0) > read_to}


@prepared
def _stored() -> QuerySet[Any, tuple[int, int]]:
    from .models import Inbox

    return Inbox.objects.values_list("integration_id", "stored")


@prepared
def _read() -> QuerySet[Any, tuple[int, int]]:
    from .models import Integration

    return Integration.objects.order_by().values_list("pk", "read_to")


def oldest_unread() -> datetime | None:
    """When the oldest signal that waits to be read came."""
    from .models import Integration, Signal

    waiting = Integration.objects.filter(pk__in=unread()).values_list("pk", "read_to")
    first = (
        Signal.objects.filter(integration=pk, number__gt=read_to)
        .order_by("number")
        .values_list("received_at", flat=True)
        .first()
        for pk, read_to in waiting
    )
    return min((at for at in first if at), default=None)


def tidy() -> None:
    """Where the journal is a database of its own, take back what was opened there for integrations that never came to be, and
    forget those that a crash has kept from being forgotten. Not within a transaction that may still be taken back."""
    from .models import Inbox, Integration

    if not has_journal():
        return
    with (
        transaction.atomic()
    ):  # the one writer: nobody is half-way through making an integration, whose inbox is there first
        there = set(Integration.objects.values_list("pk", flat=True))
        for pk in Inbox.objects.values_list("pk", flat=True):
            if pk not in there:
                _forget(pk)


def mend() -> int:
    """Where the journal is older than the rest or lost (a backup was put back), read on from its end, and give every
    integration an inbox: without one its signals would be refused; nobody else has one. To be called before anything is stored; returns how
    many integrations had been read further than the journal goes."""
    from .models import Inbox, Integration

    read = list(Integration.objects.values_list("pk", "read_to"))  # first: other nodes may store and read meanwhile
    stored = dict(Inbox.objects.values_list("integration_id", "stored"))
    behind = [pk for pk, read_to in read if stored.get(pk, 0) < read_to]
    for pk in behind:
        Integration.objects.filter(pk=pk).update(read_to=stored.get(pk, 0))
    for pk in Integration.objects.values_list("pk", flat=True):
        if pk not in stored:
            open_inbox(pk)
    tidy()
    return len(behind)
