"""All that changes runbooks and their runs."""

from .library import delete_runbook, go_back, paste_runbook, review, save_runbook
from .links import check_links
from .moving import follow_groups
from .reminding import remind_next
from .running import finish_run, start_run
from .steps import call, say, start_step, take_back

__all__ = [
    "call",
    "check_links",
    "delete_runbook",
    "finish_run",
    "follow_groups",
    "go_back",
    "paste_runbook",
    "remind_next",
    "review",
    "save_runbook",
    "say",
    "start_run",
    "start_step",
    "take_back",
]
