"""All that changes scenarios and drills."""

from .debriefing import action_from_note, add_note, delete_drill, remove_note, share
from .injecting import carry_on, delay, deliver_now, hint, look_after, skip
from .planning import call_off, change_plan, plan
from .recurring import end_practice_plan, plan_next, save_practice
from .running import end, pause, resume, start
from .scenarios import delete_scenario, from_library, save_scenario

__all__ = [
    "action_from_note",
    "add_note",
    "call_off",
    "carry_on",
    "change_plan",
    "delay",
    "delete_drill",
    "delete_scenario",
    "deliver_now",
    "end",
    "end_practice_plan",
    "from_library",
    "hint",
    "look_after",
    "pause",
    "plan",
    "plan_next",
    "remove_note",
    "resume",
    "save_practice",
    "save_scenario",
    "share",
    "skip",
    "start",
]
