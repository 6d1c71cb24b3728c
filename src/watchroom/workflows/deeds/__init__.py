"""What a workflow can do. Each kind of action is checked when it is saved, said in words, and done."""

from . import meeting, outside, people, updates, work
from .deed import Deed, Doing

DEEDS: dict[str, Deed] = {
    "page": people.PAGE,
    "role": people.ROLE,
    "channel": meeting.CHANNEL,
    "call": meeting.CALL,
    "tasks": work.TASKS,
    "update": updates.UPDATE,
    "next_update": updates.NEXT_UPDATE,
    "post": outside.POST,
    "webhook": outside.WEBHOOK,
    "mitigation": work.MITIGATION,
    "log": work.LOG,
}

__all__ = ["DEEDS", "Deed", "Doing"]
