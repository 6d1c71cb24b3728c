"""This browser: shows the page, with sound, in every open Watchroom tab of the person.

There is nobody to post to: the live topic ``person:<id>`` is announced, the tab re-reads its pages through the normal
permission path and reports that it has shown them, which is what confirms the delivery (elsewhere).
"""

from __future__ import annotations

from typing import Any

from ...kernel import db
from ...kernel.errors import Refused
from ...kernel.numbers import whole
from ..base import Delivery, Field, Message


class Browser:
    """See the module's text. ``settings`` is ``{"person": <id>}``; whoever makes the contact method fills it in."""

    name = "browser"
    label = "This browser"
    summary = "Choose this beside another method: it rings in any Watchroom tab that you have open."
    fields: tuple[Field, ...] = ()
    quiet = True

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        """:raises Refused: there is no person's number."""
        person = settings.get("person")
        if isinstance(person, str):
            person = whole(person)
        if isinstance(person, bool) or not isinstance(person, int) or person < 1:
            raise Refused(
                "It is not said whose browser this is.",
                field="person",
                value=person,
                fix="Give the number of the person whom this contact method belongs to.",
            )
        return {"person": person}

    def describe(self, settings: dict[str, Any]) -> str:
        return "any open Watchroom tab"

    def send(self, settings: dict[str, Any], message: Message) -> Delivery:
        """Wake the person's tabs. Never confirmed here: perhaps none is open."""
        db.announce({f"person:{int(settings['person'])}"})
        return Delivery(confirmed=False)


channel = Browser()
