"""All that changes action items and their issues."""

from .issues import forget_issue, link_issue, look_again, look_next, make_issue
from .items import change, complete, create, drop, remind_next, reopen, start

__all__ = [
    "change",
    "complete",
    "create",
    "drop",
    "forget_issue",
    "link_issue",
    "look_again",
    "look_next",
    "make_issue",
    "remind_next",
    "reopen",
    "start",
]
