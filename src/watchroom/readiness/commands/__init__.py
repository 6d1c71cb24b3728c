"""What changes the process, and what a team still lacks."""

from .process import acknowledge, publish_process, withdraw_process

__all__ = ["acknowledge", "publish_process", "withdraw_process"]
