"""Decisions about incidents: what to do next, when things happened, which words are proposed. Pure."""

from . import catch_up, files, mentions, slash
from .next_steps import Snapshot, Step, next_steps
from .proposals import proposed_severity, proposed_title
from .times import (
    FUTURE_ALLOWED,
    MOMENTS,
    ORDER,
    Facts,
    Row,
    computed,
    in_the_future,
    is_overdue,
    key_times,
    out_of_order,
    said,
)

__all__ = [
    "FUTURE_ALLOWED",
    "MOMENTS",
    "ORDER",
    "Facts",
    "Row",
    "Snapshot",
    "Step",
    "catch_up",
    "computed",
    "files",
    "in_the_future",
    "is_overdue",
    "key_times",
    "mentions",
    "next_steps",
    "out_of_order",
    "proposed_severity",
    "proposed_title",
    "said",
    "slash",
]
