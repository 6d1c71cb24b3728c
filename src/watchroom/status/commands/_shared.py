"""What the commands of status pages share."""

from __future__ import annotations

from ...accounts.changes import Change
from ...incidents.models import Incident
from ...kernel.checks import chosen
from ...kernel.errors import Refused
from ..models import ComponentState, Destination, StatusPage


def moved(made: Change, page: StatusPage) -> None:
    """Something on ``page`` is different now: whoever shows a copy of it makes a new one."""
    made.touch(f"status:{page.pk}", "status-pages")
    Destination.objects.filter(page=page).update(due_at=made.at, tried=0)
    made.due()


def incident_moved(made: Change, incident: Incident) -> None:
    """Strangers may see ``incident`` now, or may no longer: the pages that it is on are different."""
    for page in StatusPage.objects.filter(incidents__incident=incident):
        moved(made, page)


def checked_text(text: str, *, field: str, most: int, fix: str, what: str = "The name") -> str:
    """``text`` on one line.

    :raises Refused: it is empty or too long.
    """
    text = " ".join(text.split())
    if not text:
        raise Refused(f"{what} is empty.", field=field, value="", fix=fix)
    if len(text) > most:
        raise Refused(f"{what} is too long.", field=field, value=text, fix=f"Use at most {most} characters.")
    return text


def checked_state(state: str, *, field: str) -> str:
    """:raises Refused: there is no such state."""
    chosen(state, ComponentState.values, "state", field=field)
    return state


def is_for_strangers(incident: Incident) -> bool:
    """Whether strangers may ever hear of it."""
    return not (incident.drill or incident.private or incident.triage)


def must_be_for_strangers(incident: Incident) -> None:
    """:raises Refused: it is a drill, a test, or private."""
    if not is_for_strangers(incident):
        raise Refused(
            "A drill, a test or a private incident is never shown to strangers.",
            field="pages",
            value=str(incident),
            fix="Publish the update without a status page.",
        )
