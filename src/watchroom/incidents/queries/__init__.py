"""Reads about incidents, a file for each noun. Everything goes through :func:`visible_to`."""

from .guarding import Watched, nudge_for, rules_watching
from .incidents import (
    filtered,
    incident_for,
    incidents_about,
    listed_for,
    needed_to_act,
    open_incident_of,
    seen_by,
    sees,
    that_count,
    visible_to,
)
from .log import attachment_for, entry_for, ideas_of, log_of, log_page, log_since, open_questions
from .roles import assignment_for, rotation_by, rotations_visible_to
from .times import facts_of, times_of, times_of_many
from .types import answers_of, names_of, people_answered, type_by, types_visible_to
from .updates import facts_for_templates, template_by, templates_for, templates_visible_to, updates_of
from .work import parked_for, parked_in, task_for, tasks_of

__all__ = [
    "Watched",
    "answers_of",
    "assignment_for",
    "attachment_for",
    "entry_for",
    "facts_for_templates",
    "facts_of",
    "filtered",
    "ideas_of",
    "incident_for",
    "incidents_about",
    "listed_for",
    "log_of",
    "log_page",
    "log_since",
    "names_of",
    "needed_to_act",
    "nudge_for",
    "open_incident_of",
    "open_questions",
    "parked_for",
    "parked_in",
    "people_answered",
    "rotation_by",
    "rotations_visible_to",
    "rules_watching",
    "seen_by",
    "sees",
    "task_for",
    "tasks_of",
    "template_by",
    "templates_for",
    "templates_visible_to",
    "that_count",
    "times_of",
    "times_of_many",
    "type_by",
    "types_visible_to",
    "updates_of",
    "visible_to",
]
