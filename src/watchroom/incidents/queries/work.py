"""What is to be done in an incident, and what was parked."""

from __future__ import annotations

from ...accounts.actors import Actor
from ..models import Incident, ParkedItem, Task
from .incidents import one_in


def tasks_of(incident: Incident) -> list[Task]:
    """The tasks: those that are open first."""
    rows = Task.objects.filter(incident=incident).select_related("assignee", "created_by")
    return sorted(rows.order_by("id"), key=lambda task: (task.ended_at is not None, task.pk))


def parked_in(incident: Incident) -> list[ParkedItem]:
    """What was parked, as it came."""
    return list(ParkedItem.objects.filter(incident=incident).select_related("by").order_by("id"))


def task_for(actor: Actor, pk: int) -> Task:
    """One task of an incident that ``actor`` may see. :raises NotFound: there is none."""
    return one_in(Task.objects.select_related("incident__team", "assignee", "created_by"), actor, pk, "task")


def parked_for(actor: Actor, pk: int) -> ParkedItem:
    """One parked thing of an incident that ``actor`` may see. :raises NotFound: there is none."""
    return one_in(ParkedItem.objects.select_related("incident__team", "by"), actor, pk, "parked item")
