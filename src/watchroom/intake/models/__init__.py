"""Integrations, signals, routes, alerts and alert groups."""

from .alerts import Alert, AlertGroup, GroupEvent, Responder, Severity, Verdict
from .holds import InhibitRule, MaintenanceWindow, Silence
from .integrations import Inbox, Integration, Practises, Signal
from .routes import Route, TimeInterval

__all__ = [
    "Alert",
    "AlertGroup",
    "GroupEvent",
    "Inbox",
    "InhibitRule",
    "Integration",
    "MaintenanceWindow",
    "Practises",
    "Responder",
    "Route",
    "Severity",
    "Signal",
    "Silence",
    "TimeInterval",
    "Verdict",
]
