"""What each state and kind looks like: a tone for the colour, an icon for the shape, a word for everyone."""

from __future__ import annotations

from typing import NamedTuple

from ...kernel.numbers import whole


class Look(NamedTuple):
    """How one state is shown."""

    tone: str
    icon: str
    word: str


SEVERITIES = {
    1: Look("sev1", "octagon-alert", "SEV1"),
    2: Look("sev2", "triangle-alert", "SEV2"),
    3: Look("sev3", "diamond", "SEV3"),
    4: Look("sev4", "circle-alert", "SEV4"),
    5: Look("sev5", "circle-dot", "SEV5"),
}

_FIRING, _SEEN, _OVER, _QUIET, _CARE = "firing", "acknowledged", "resolved", "silenced", "warning"

STATES = {
    "firing": Look(_FIRING, "bell-ring", "Firing"),
    "triggered": Look(_FIRING, "bell-ring", "Triggered"),
    "active": Look(_FIRING, "flame", "Active"),
    "acknowledged": Look(_SEEN, "eye", "Acknowledged"),
    "resolved": Look(_OVER, "check", "Resolved"),
    "silenced": Look(_QUIET, "bell-off", "Silenced"),
    "inhibited": Look(_QUIET, "layers", "Inhibited"),
    "maintenance": Look(_QUIET, "wrench", "Maintenance"),
    "snoozed": Look(_QUIET, "pause", "Snoozed"),
    "ok": Look("ok", "circle-check", "OK"),
    # How bad an alert is
    "critical": Look("sev1", "octagon-alert", "Critical"),
    "info": Look("info", "circle-alert", "Info"),
    "warning": Look(_CARE, "triangle-alert", "Warning"),
    "error": Look("error", "octagon-alert", "Error"),
    "failed": Look("error", "x", "Failed"),
    "unknown": Look(_QUIET, "circle", "Unknown"),
    "drill": Look("drill", "flask-conical", "Drill"),
    # An incident's way
    "declared": Look(_FIRING, "flame", "Declared"),
    "investigating": Look(_FIRING, "search", "Investigating"),
    "identified": Look(_CARE, "signpost", "Identified"),
    "mitigating": Look(_CARE, "life-buoy", "Mitigating"),
    "mitigated": Look(_SEEN, "life-buoy", "Mitigated"),
    "monitoring": Look(_SEEN, "monitor", "Monitoring"),
    "closed": Look(_QUIET, "check", "Closed"),
    "cancelled": Look(_QUIET, "x", "Cancelled"),
    # Postmortems, actions, notifications
    "draft": Look(_QUIET, "notebook-pen", "Draft"),
    "in_review": Look(_CARE, "eye", "In review"),
    "published": Look(_OVER, "check", "Published"),
    "open": Look(_SEEN, "circle", "Open"),
    "done": Look(_OVER, "check", "Done"),
    "overdue": Look(_FIRING, "calendar-clock", "Overdue"),
    "pending": Look(_CARE, "calendar-clock", "Pending"),
    "sent": Look(_SEEN, "arrow-right", "Sent"),
    "delivered": Look(_OVER, "check", "Delivered"),
    # A component on a status page
    "operational": Look("ok", "circle-check", "Operational"),
    "degraded": Look(_CARE, "triangle-alert", "Degraded"),
    "partial_outage": Look("sev2", "triangle-alert", "Partial outage"),
    "major_outage": Look(_FIRING, "octagon-alert", "Major outage"),
}

ENTRIES = {
    "symptom": Look("sev2", "stethoscope", "Symptom"),
    "hypothesis": Look("drill", "lightbulb", "Hypothesis"),
    "action": Look("info", "wrench", "Action"),
    "result": Look("ok", "flask-conical", "Result"),
    "decision": Look("sev1", "gavel", "Decision"),
    "note": Look("note", "sticky-note", "Note"),
    "alert": Look(_FIRING, "bell", "Alert"),
    "page": Look("info", "phone-call", "Page"),
    "status": Look(_CARE, "flag", "Status"),
    "update": Look("ok", "megaphone", "Update"),
    "mitigation": Look("ok", "life-buoy", "Mitigation"),
    "nudge": Look(_CARE, "signpost", "Guidance"),
    "system": Look("note", "cog", "Watchroom"),
}

# Django's message tags and our toasts.
MESSAGES = {"debug": "info", "info": "info", "success": "success", "warning": "warning", "error": "error"}


def severity(level: object) -> Look:
    """The look of a severity given as ``1``, ``"1"``, ``"sev1"`` or ``"SEV1"``."""
    number = whole(str(level).lower().removeprefix("sev"))
    if number is None:
        return Look("note", "circle", str(level or "No severity"))
    return SEVERITIES.get(number, SEVERITIES[5])


def state(name: object) -> Look:
    """The look of a state; an unknown one is shown plainly under its own name."""
    key = str(name).lower().replace(" ", "_").replace("-", "_")
    return STATES.get(key) or Look("note", "circle", str(name).replace("_", " ").capitalize())
