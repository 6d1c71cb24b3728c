"""How an alert's labels become a title and a severity."""

from __future__ import annotations

from ..base import Severity
from ..webhook import SEVERITIES

TITLE_LIMIT = 300  # characters, as the table has it


def severity(labels: dict[str, str]) -> Severity:
    """The label ``severity`` in our words. An unknown word is info; no label at all is a warning."""
    stated = labels.get("severity")
    return "warning" if stated is None else SEVERITIES.get(stated.strip().lower(), "info")


def title(labels: dict[str, str], summary: str) -> str:
    """The ``summary`` that its author wrote, else the alert's name and instance, else whatever there is."""
    text = summary
    if not text or text.isspace():
        name, instance = labels.get("alertname", ""), labels.get("instance", "")
        if name:
            text = f"{name} on {instance}" if instance else name
        else:
            text = ", ".join(f"{name}={value}" for name, value in sorted(labels.items()))
    text = " ".join(text.split())
    return text if len(text) <= TITLE_LIMIT else text[: TITLE_LIMIT - 1] + "…"
