"""Decisions about incidents: what to do next, when things happened, which words are proposed. Pure."""

from . import blameless, catch_up, custom_fields, files, mentions, slash
from .next_steps import Snapshot, Step, next_steps
from .proposals import proposed_severity, proposed_title
from .times import (
    FUTURE_ALLOWED,
    MOMENTS,
    ORDER,
    Facts,
    Row,
    assembled_at,
    computed,
    in_the_future,
    is_overdue,
    key_times,
    out_of_order,
    said,
)
from .voice import AUDIENCES, PARTS, VOICES, filled, may_publish, publishing_rule, stage_now, told_of, wording

__all__ = [
    "AUDIENCES",
    "FUTURE_ALLOWED",
    "MOMENTS",
    "ORDER",
    "PARTS",
    "VOICES",
    "Facts",
    "Row",
    "Snapshot",
    "Step",
    "assembled_at",
    "blameless",
    "catch_up",
    "computed",
    "custom_fields",
    "files",
    "filled",
    "in_the_future",
    "is_overdue",
    "key_times",
    "may_publish",
    "mentions",
    "next_steps",
    "out_of_order",
    "proposed_severity",
    "proposed_title",
    "publishing_rule",
    "said",
    "slash",
    "stage_now",
    "told_of",
    "wording",
]
