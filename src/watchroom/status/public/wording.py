"""Updates and notes as sentences for strangers, in the language that is active."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.translation import get_language, gettext

from ...incidents.models import Update
from ...incidents.rules import wording
from ..models import Maintenance, MaintenanceNote

_DATES = {
    "en": "j F Y, H:i T",
    "de": "j. F Y, H:i T",
    "fr": "j F Y, H:i T",
    "es": r"j \d\e F \d\e Y, H:i T",
}
_DAYS = {"en": "l, j F Y", "de": "l, j. F Y", "fr": "l j F Y", "es": r"l, j \d\e F \d\e Y"}
_NOTES = {
    Maintenance.Stage.SCHEDULED: "We will be doing maintenance at this time.",
    Maintenance.Stage.IN_PROGRESS: "The maintenance has begun.",
    Maintenance.Stage.COMPLETED: "The maintenance is complete.",
    Maintenance.Stage.CANCELLED: "The maintenance was called off.",
}


def when(at: datetime) -> str:
    """A time in full, with its zone, in the active language and zone: a stranger's zone is not known."""
    return format_date(timezone.localtime(at), _DATES.get(get_language() or "en", _DATES["en"]))


def day(at: object) -> str:
    """A day in full, in the active language."""
    return format_date(at, _DAYS.get(get_language() or "en", _DAYS["en"]))  # type: ignore[arg-type]


def parts(update: Update, audience: str = "customers") -> dict[str, str]:
    """The parts of an update in the words of an audience."""
    base = {"happening": update.happening, "impact": update.impact, "doing": update.doing}
    return wording(base, update.wordings, audience)


def update_text(update: Update, audience: str = "customers") -> str:
    """The same as one text. A correction says so first."""
    said = parts(update, audience)
    first = [gettext("Correction")] if update.corrects_id else []
    return "\n\n".join(filter(None, (*first, said["happening"], said["impact"], said["doing"])))


def note_text(note: MaintenanceNote) -> str:
    """What was said about a maintenance, or the sentence that belongs to its stage."""
    return note.text or gettext(_NOTES[Maintenance.Stage(note.stage)])
