"""All that changes evidence: connections, indicators, changes, snapshots."""

from .changes import record_change
from .connections import delete_connection, note_outcome, save_connection, try_settings
from .indicators import delete_indicator, save_indicator
from .snapshots import claim_first_looks, delete_snapshot, keep, note_first_look, plan_first_looks

__all__ = [
    "claim_first_looks",
    "delete_connection",
    "delete_indicator",
    "delete_snapshot",
    "keep",
    "note_first_look",
    "note_outcome",
    "plan_first_looks",
    "record_change",
    "save_connection",
    "save_indicator",
    "try_settings",
]
