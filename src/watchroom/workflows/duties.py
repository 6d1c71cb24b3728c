"""What the engine does: workflows are carried on."""

from __future__ import annotations

from ..kernel.duty import Duty, one_by_one, soonest
from . import running
from .models import WorkflowRun

BATCH = 20


def carry_on_next() -> bool:
    """Carry on one that is due."""
    run = running.claim()
    if run is not None:
        running.carry_on(run)
    return run is not None


duties = [Duty("workflows", soonest(WorkflowRun), one_by_one(carry_on_next, BATCH))]
