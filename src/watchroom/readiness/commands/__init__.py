"""What changes the process, and what a team still lacks."""

from .looking import look_at, look_at_new_teams
from .process import acknowledge, publish_process, withdraw_process
from .putting_off import put_off, set_thresholds, take_up

__all__ = [
    "acknowledge",
    "look_at",
    "look_at_new_teams",
    "publish_process",
    "put_off",
    "set_thresholds",
    "take_up",
    "withdraw_process",
]
