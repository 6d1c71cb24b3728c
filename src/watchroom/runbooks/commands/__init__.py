"""All that changes runbooks."""

from .library import delete_runbook, go_back, paste_runbook, review, save_runbook
from .links import check_links

__all__ = ["check_links", "delete_runbook", "go_back", "paste_runbook", "review", "save_runbook"]
