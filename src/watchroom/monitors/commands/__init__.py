"""All that changes monitors."""

from .checks import check_now, claim, delete_check, pause_check, record, save_check
from .heartbeats import (
    Said,
    delete_heartbeat,
    find_late,
    pause_heartbeat,
    ping,
    ping_row,
    rotate_heartbeat_key,
    save_heartbeat,
)

__all__ = [
    "Said",
    "check_now",
    "claim",
    "delete_check",
    "delete_heartbeat",
    "find_late",
    "pause_check",
    "pause_heartbeat",
    "ping",
    "ping_row",
    "record",
    "rotate_heartbeat_key",
    "save_check",
    "save_heartbeat",
]
