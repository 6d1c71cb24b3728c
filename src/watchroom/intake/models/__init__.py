"""Integrations, signals, routes, alerts and alert groups."""

from .alerts import Alert, AlertGroup, GroupEvent, Severity
from .integrations import Integration, Signal
from .routes import Route

__all__ = ["Alert", "AlertGroup", "GroupEvent", "Integration", "Route", "Severity", "Signal"]
