"""All that changes schedules."""

from .overrides import add_override, remove_override
from .schedules import delete_schedule, save_schedule

__all__ = ["add_override", "delete_schedule", "remove_override", "save_schedule"]
