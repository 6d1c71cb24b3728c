"""Integrations, signals, routes, alerts and alert groups."""

from .alerts import Alert, AlertGroup, GroupEvent, Severity
from .integrations import Inbox, Integration, Signal
from .routes import Route

__all__ = ["Alert", "AlertGroup", "GroupEvent", "Inbox", "Integration", "Route", "Severity", "Signal"]
