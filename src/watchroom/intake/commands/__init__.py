"""All that changes alerts, groups, integrations and routes."""

from .drilling import drill_integration, prolong, send_drill, send_practised, stop_practising
from .flapping import turn_flapping
from .groups import acknowledge, add_note, escalate_now, judge, resolve, unacknowledge
from .holds import review, turn_over
from .inhibitions import delete_inhibition, save_inhibition
from .integrations import (
    delete_integration,
    pause_integration,
    replay_signal,
    replay_tray,
    rotate_key,
    save_integration,
    save_mapping,
)
from .intervals import delete_interval, save_interval, turn_routes, turns_due
from .lifecycle import end_expired, extend_missed, notify_waiting
from .maintenance import end_maintenance, extend_maintenance, save_maintenance, skip_maintenance
from .mappings import try_mappings
from .receive import read_signals
from .responding import add_responder, reassign, return_due, snooze
from .routes import SeverityRule, delete_route, save_route
from .silences import expire_silence, extend_silence, groups_hit, read_matchers, save_silence, skip_silence
from .telling import bring_up_again, page_now, tell_updates

__all__ = [
    "SeverityRule",
    "acknowledge",
    "add_note",
    "add_responder",
    "bring_up_again",
    "delete_inhibition",
    "delete_integration",
    "delete_interval",
    "delete_route",
    "drill_integration",
    "end_expired",
    "end_maintenance",
    "escalate_now",
    "expire_silence",
    "extend_maintenance",
    "extend_missed",
    "extend_silence",
    "groups_hit",
    "judge",
    "notify_waiting",
    "page_now",
    "pause_integration",
    "prolong",
    "read_matchers",
    "read_signals",
    "reassign",
    "replay_signal",
    "replay_tray",
    "resolve",
    "return_due",
    "review",
    "rotate_key",
    "save_inhibition",
    "save_integration",
    "save_interval",
    "save_maintenance",
    "save_mapping",
    "save_route",
    "save_silence",
    "send_drill",
    "send_practised",
    "skip_maintenance",
    "skip_silence",
    "snooze",
    "stop_practising",
    "tell_updates",
    "try_mappings",
    "turn_flapping",
    "turn_over",
    "turn_routes",
    "turns_due",
    "unacknowledge",
]
