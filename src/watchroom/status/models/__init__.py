"""The tables of status pages, a file for each noun."""

from .copies import Destination, Try
from .incidents import ComponentImpact, PublicIncident, PublishedUpdate
from .maintenance import Maintenance, MaintenanceNote
from .pages import Component, ComponentGroup, ComponentSpan, ComponentState, StatusPage
from .telling import Announcement, Audience, Delivery, DeliveryAttempt, Recipient, StakeholderList, Subscriber

__all__ = [
    "Announcement",
    "Audience",
    "Component",
    "ComponentGroup",
    "ComponentImpact",
    "ComponentSpan",
    "ComponentState",
    "Delivery",
    "DeliveryAttempt",
    "Destination",
    "Maintenance",
    "MaintenanceNote",
    "PublicIncident",
    "PublishedUpdate",
    "Recipient",
    "StakeholderList",
    "StatusPage",
    "Subscriber",
    "Try",
]
