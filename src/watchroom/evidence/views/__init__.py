"""Pages of evidence."""

from .connections import connection_delete, connection_edit, connections
from .indicators import changes, indicator_delete, indicator_edit
from .looking import item, keep, section, trace
from .snapshots import snapshot, snapshot_delete

__all__ = [
    "changes",
    "connection_delete",
    "connection_edit",
    "connections",
    "indicator_delete",
    "indicator_edit",
    "item",
    "keep",
    "section",
    "snapshot",
    "snapshot_delete",
    "trace",
]
