"""Incidents and what happens in them."""

from .attachments import Attachment, StoredContent
from .following import Follower, FollowRule
from .handing_over import RoleHandoff
from .incident import Incident, IncidentSeverity
from .links import IncidentLink
from .log import STANDINGS, LogEntry, LogRevision
from .looks import Look, Spoken
from .mail import DeclaringMail
from .nudges import GuidanceSetting, Nudge
from .roles import ROLE_DUTY, RoleAssignment, RoleName
from .rotations import RoleRotation
from .severities import SeverityDefinition
from .states import IncidentState, Phase, status_of
from .times import KeyTime, Moment
from .triage import Triage, TriageRule
from .types import IncidentType
from .updates import Update, UpdateDraft, UpdateTemplate
from .work import ParkedItem, Task

__all__ = [
    "ROLE_DUTY",
    "STANDINGS",
    "Attachment",
    "DeclaringMail",
    "FollowRule",
    "Follower",
    "GuidanceSetting",
    "Incident",
    "IncidentLink",
    "IncidentSeverity",
    "IncidentState",
    "IncidentType",
    "KeyTime",
    "LogEntry",
    "LogRevision",
    "Look",
    "Moment",
    "Nudge",
    "ParkedItem",
    "Phase",
    "RoleAssignment",
    "RoleHandoff",
    "RoleName",
    "RoleRotation",
    "SeverityDefinition",
    "Spoken",
    "StoredContent",
    "Task",
    "Triage",
    "TriageRule",
    "Update",
    "UpdateDraft",
    "UpdateTemplate",
    "status_of",
]
