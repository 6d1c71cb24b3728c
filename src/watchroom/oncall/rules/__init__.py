"""Who is on call, when and why: pure decisions on values, with no Django, no clock and no I/O.

Build a ``Plan`` from a schedule's rows, then ask ``on_call_at`` for an instant or ``final_shifts`` for a span of time.
Instants are aware datetimes and come back in UTC; every span is half-open, so at a hand-off the incoming person is on
call and never nobody.
"""

from __future__ import annotations

from .final import dropped, final_shifts, gaps, layer_shifts, merged, next_handoff, on_call_at, shadow_shifts, shifts_of
from .groups import Account, Membership, group_name, membership
from .handoffs import Handoff, handoffs, handoffs_of
from .planner import Wishes, outdated, propose
from .quality import Finding, Load, Moved, Quality, conflicts, difference, joined, load_of, quality
from .restrictions import restriction_from, restriction_to, restrictions_from
from .rotation import fault, spans_of, turn_span
from .sun import Moved as MovedHours
from .sun import Region, closed, moved_hours, other_regions, rotations_of
from .values import Dropped, Duty, Layer, Override, Plan, Restriction, RuleError, Shift, Why
from .worked import cut, holes
from .zones import check_zone, local_from, span_text, to_utc

__all__ = [
    "Account",
    "Dropped",
    "Duty",
    "Finding",
    "Handoff",
    "Layer",
    "Load",
    "Membership",
    "Moved",
    "MovedHours",
    "Override",
    "Plan",
    "Quality",
    "Region",
    "Restriction",
    "RuleError",
    "Shift",
    "Why",
    "Wishes",
    "check_zone",
    "closed",
    "conflicts",
    "cut",
    "difference",
    "dropped",
    "fault",
    "final_shifts",
    "gaps",
    "group_name",
    "handoffs",
    "handoffs_of",
    "holes",
    "joined",
    "layer_shifts",
    "load_of",
    "local_from",
    "membership",
    "merged",
    "moved_hours",
    "next_handoff",
    "on_call_at",
    "other_regions",
    "outdated",
    "propose",
    "quality",
    "restriction_from",
    "restriction_to",
    "restrictions_from",
    "rotations_of",
    "shadow_shifts",
    "shifts_of",
    "span_text",
    "spans_of",
    "to_utc",
    "turn_span",
]
