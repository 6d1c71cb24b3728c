"""What is to be done, and what is written down."""

from __future__ import annotations

from ...accounts.models import Person
from ...incidents.commands import acting_in, add_task, write_system
from ...kernel import settings as conf
from ...kernel.errors import Refused
from ...mitigations.models import Mitigation
from .deed import Action, Deed, Doing, one_of, rows_of, text_of


def _lines(action: Action) -> list[str]:
    lines = action.get("lines")
    found = [str(each).strip() for each in lines if str(each).strip()] if isinstance(lines, list) else []
    if not found or len(found) > 50 or any(len(each) > 300 for each in found):
        raise Refused(
            "There are no tasks, or too many.", field="lines", value=len(found), fix="Use 1 to 50, 300 letters each."
        )
    return found


def _tasks(doing: Doing, action: Action) -> str:
    people = rows_of(Person, "assignee", action.get("assignee"), by="email")
    lines = _lines(action)
    for number, line in enumerate(lines):
        text, key = doing.words.into(line)[:300], f"{doing.key}-{number}"
        add_task(doing.by, doing.incident, text, assignee=people[0] if people else None, client_key=key)
    return f"added {len(lines)} task{'s' if len(lines) > 1 else ''}"


def _log(doing: Doing, action: Action) -> str:
    text = doing.words.into(text_of(action, "text"))
    with acting_in(doing.by, "log.written", doing.incident) as (made, row):
        entry = write_system(row, "workflow.said", text, at=made.at)
        made.note(entry=entry.pk, kind="system")
    return "wrote into the log"


def _mitigation(doing: Doing, action: Action) -> str:
    found: Mitigation = one_of(Mitigation, action, "mitigation")
    text = (
        f"Decide on “{found}”: {found.get_risk_display().lower()} risk. {conf.current().url}/mitigations/{found.slug}"
    )
    add_task(doing.by, doing.incident, text[:300], client_key=doing.key)
    return f"proposed “{found}”"


TASKS = Deed(
    "Add tasks",
    {"lines": "What is to be done, each a task.", "assignee": "E-mail address; left out: whoever takes it."},
    lambda action: (_lines(action), rows_of(Person, "assignee", action.get("assignee"), by="email")),
    lambda action: "add tasks: " + "; ".join(_lines(action)),
    _tasks,
)

MITIGATION = Deed(
    "Propose a mitigation",
    {"mitigation": "Slug. It becomes a task: nothing is carried out before somebody starts it."},
    lambda action: one_of(Mitigation, action, "mitigation"),
    lambda action: f"propose the mitigation {action['mitigation']}",
    _mitigation,
)

LOG = Deed(
    "Write into the log",
    {"text": "With {severity}, {title}, {number}, {link}."},
    lambda action: text_of(action, "text"),
    lambda action: f"write into the log: {action['text']}",
    _log,
)
