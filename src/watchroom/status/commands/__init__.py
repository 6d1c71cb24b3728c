"""All that changes status pages and what is told."""

from ._shared import incident_moved, is_for_strangers
from .announcing import announce_published, claim, expand, lists_for, record
from .destinations import push_due, remove_destination, save_destination
from .limits import forget, take
from .lists import channels, delete_list, save_list
from .looking import look
from .maintenance import add_note, end, schedule, turn_over
from .pages import delete_status_page, save_status_page, set_logo
from .showing import assert_component, publish
from .subscribing import (
    choose,
    confirm,
    forget_pending,
    leave,
    link_token,
    remove_subscriber,
    subscribe,
    subscriber_of,
)

__all__ = [
    "add_note",
    "announce_published",
    "assert_component",
    "channels",
    "choose",
    "claim",
    "confirm",
    "delete_list",
    "delete_status_page",
    "end",
    "expand",
    "forget",
    "forget_pending",
    "incident_moved",
    "is_for_strangers",
    "leave",
    "link_token",
    "lists_for",
    "look",
    "publish",
    "push_due",
    "record",
    "remove_destination",
    "remove_subscriber",
    "save_destination",
    "save_list",
    "save_status_page",
    "schedule",
    "set_logo",
    "subscribe",
    "subscriber_of",
    "take",
    "turn_over",
]
