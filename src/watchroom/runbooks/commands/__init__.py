"""All that changes runbooks."""

from .library import delete_runbook, go_back, review, save_runbook

__all__ = ["delete_runbook", "go_back", "review", "save_runbook"]
