"""Incidents and what happens in them."""

from .incident import SEVERITY_MEANING, Incident, IncidentSeverity
from .log import LogEntry, LogRevision
from .nudges import Nudge
from .roles import ROLE_DUTY, RoleAssignment, RoleName
from .times import KeyTime, Moment
from .updates import Update

__all__ = [
    "ROLE_DUTY",
    "SEVERITY_MEANING",
    "Incident",
    "IncidentSeverity",
    "KeyTime",
    "LogEntry",
    "LogRevision",
    "Moment",
    "Nudge",
    "RoleAssignment",
    "RoleName",
    "Update",
]
