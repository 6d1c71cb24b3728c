"""All that changes mitigations: the catalog, what carries them out, and runs in an incident."""

from .carrying_out import decide
from .catalog import delete_mitigation, save_mitigation
from .ordering import dry_run
from .runners import delete_runner, save_runner, try_runner
from .runs import finish, start, tick

__all__ = [
    "decide",
    "delete_mitigation",
    "delete_runner",
    "dry_run",
    "finish",
    "save_mitigation",
    "save_runner",
    "start",
    "tick",
    "try_runner",
]
