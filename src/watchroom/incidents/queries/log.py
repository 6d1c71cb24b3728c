"""The running log of an incident, and what belongs to its lines."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Prefetch, Q, QuerySet

from ...accounts.actors import Actor
from ..models import Attachment, Incident, LogEntry
from .incidents import one_in


def entry_for(actor: Actor, pk: int) -> LogEntry:
    """One log entry of an incident that ``actor`` may see.

    :raises NotFound: there is none.
    """
    return one_in(LogEntry.objects.select_related("incident__team", "author"), actor, pk, "log entry")


def log_of(incident: Incident) -> QuerySet[LogEntry]:
    """The running log, oldest first."""
    return LogEntry.objects.filter(incident=incident).select_related("author", "tester", "parent").order_by("at", "id")


LOG_PAGE = 100

_OVERLAP = timedelta(seconds=30)  # what was being committed while somebody read is read again


def log_page(
    incident: Incident, *, before: LogEntry | None = None, limit: int = LOG_PAGE
) -> tuple[list[LogEntry], bool]:
    """The newest ``limit`` entries, or those older than ``before``, the newest first; and whether there are older ones."""
    rows = LogEntry.objects.filter(incident=incident)
    if before is not None:
        rows = rows.filter(Q(at__lt=before.at) | Q(at=before.at, pk__lt=before.pk))
    found = list(_for_lines(rows.order_by("-at", "-id"))[: limit + 1])
    return found[:limit], len(found) > limit


def log_since(incident: Incident, since: datetime, *, limit: int = LOG_PAGE * 2) -> list[LogEntry] | None:
    """What was written or became another line since ``since`` (a time of ours that a page was given), some of it perhaps
    once more; None when it is so much that the page had better be read anew."""
    rows = LogEntry.objects.filter(incident=incident, changed_at__gte=since - _OVERLAP)
    found = list(_for_lines(rows.order_by("-at", "-id"))[: limit + 1])
    return found if len(found) <= limit else None


def _for_lines(rows: QuerySet[LogEntry]) -> QuerySet[LogEntry]:
    return rows.select_related("author", "tester", "parent").prefetch_related("attachments")


def ideas_of(incident: Incident) -> list[LogEntry]:
    """The hypotheses, the oldest first, each with the actions and results under it as ``under``."""
    under = Prefetch(
        "children", queryset=LogEntry.objects.select_related("author").order_by("at", "id"), to_attr="under"
    )
    rows = LogEntry.objects.filter(incident=incident, kind=LogEntry.Kind.HYPOTHESIS)
    return list(rows.select_related("author", "tester").prefetch_related(under).order_by("at", "id"))


def open_questions(incident: Incident) -> list[LogEntry]:
    """What nobody has answered yet, the oldest first."""
    rows = LogEntry.objects.filter(incident=incident, kind=LogEntry.Kind.QUESTION, standing__in=("", "open"))
    return list(rows.select_related("author").order_by("at", "id")[:50])


def attachment_for(actor: Actor, pk: int) -> Attachment:
    """One attachment of an incident that ``actor`` may see. :raises NotFound: there is none."""
    return one_in(Attachment.objects.select_related("incident"), actor, pk, "attachment")
