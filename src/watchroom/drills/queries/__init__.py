"""Reads about scenarios and drills, a file for each noun."""

from .debrief import before, facts_of, score_of, sees, timeline
from .drills import ON, drill_for, inject_for, may_stop, name_for, reads_all, runs, takes_part, visible_to
from .happening import groups_of, held_pages_of, incident_of, incidents_of, on_with, pages_of, real_work
from .practised import Practised, last_practised_by_team, practised_in
from .scenarios import (
    by_chance,
    content_of,
    practices_shown,
    read_inside_by,
    reads_inside,
    scenario_by,
    scenarios_visible_to,
    why_hidden,
)

__all__ = [
    "ON",
    "Practised",
    "before",
    "by_chance",
    "content_of",
    "drill_for",
    "facts_of",
    "groups_of",
    "held_pages_of",
    "incident_of",
    "incidents_of",
    "inject_for",
    "last_practised_by_team",
    "may_stop",
    "name_for",
    "on_with",
    "pages_of",
    "practices_shown",
    "practised_in",
    "read_inside_by",
    "reads_all",
    "reads_inside",
    "real_work",
    "runs",
    "scenario_by",
    "scenarios_visible_to",
    "score_of",
    "sees",
    "takes_part",
    "timeline",
    "visible_to",
    "why_hidden",
]
