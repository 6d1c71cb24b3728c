"""All that changes alerts, groups, integrations and routes."""

from .groups import acknowledge, add_note, escalate_now, resolve, unacknowledge
from .integrations import delete_integration, pause_integration, replay_signal, rotate_key, save_integration
from .lifecycle import end_expired, extend_missed, notify_waiting
from .receive import read_signals
from .routes import delete_route, save_route

__all__ = [
    "acknowledge",
    "add_note",
    "delete_integration",
    "delete_route",
    "end_expired",
    "escalate_now",
    "extend_missed",
    "notify_waiting",
    "pause_integration",
    "read_signals",
    "replay_signal",
    "resolve",
    "rotate_key",
    "save_integration",
    "save_route",
    "unacknowledge",
]
