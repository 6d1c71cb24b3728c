"""What the engine does: injects come when they are due, and drills that are on are looked after."""

from __future__ import annotations

from ..kernel.duty import Duty, one_by_one, soonest
from .commands import carry_on, look_after, plan_next
from .models import Drill, DrillInject, PracticePlan

MOST = 50

duties = [
    Duty("drills", soonest(DrillInject, drill__state=Drill.State.RUNNING), one_by_one(carry_on, MOST)),
    Duty("drills that are on", soonest(Drill, "look_at"), one_by_one(look_after, MOST)),
    Duty("recurring practice", soonest(PracticePlan), one_by_one(plan_next, MOST)),
]
