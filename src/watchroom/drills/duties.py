"""What the engine does: injects come when they are due, and drills that are on are looked after."""

from __future__ import annotations

from datetime import datetime

from ..kernel.duty import Duty
from .commands import carry_on, look_after, plan_next
from .models import Drill, DrillInject, PracticePlan

MOST = 50


def next_inject() -> datetime | None:
    """When the next inject of a drill that is on is due."""
    rows = DrillInject.objects.filter(due_at__isnull=False, drill__state=Drill.State.RUNNING)
    found: datetime | None = rows.order_by("due_at").values_list("due_at", flat=True).first()
    return found


def next_look() -> datetime | None:
    """When a drill that is on is to be looked after."""
    rows = Drill.objects.filter(look_at__isnull=False)
    found: datetime | None = rows.order_by("look_at").values_list("look_at", flat=True).first()
    return found


def inject() -> int:
    done = 0
    while done < MOST and carry_on():
        done += 1
    return done


def look() -> int:
    done = 0
    while done < MOST and look_after():
        done += 1
    return done


def next_plan() -> datetime | None:
    """When the next drill of a recurring practice is to be planned."""
    found: datetime | None = PracticePlan.objects.order_by("due_at").values_list("due_at", flat=True).first()
    return found


def planned() -> int:
    done = 0
    while done < MOST and plan_next():
        done += 1
    return done


duties = [
    Duty("drills", next_inject, inject),
    Duty("drills that are on", next_look, look),
    Duty("recurring practice", next_plan, planned),
]
