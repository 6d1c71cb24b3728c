"""Calls: the page is spoken, and a key answers it. Nobody who answers, or a machine, counts as not reached."""

from __future__ import annotations

from typing import Any

from ...kernel.signing import mark
from ..base import Delivery, Field, Message
from ..phones import accounts, numbers
from ..wording import announced, one_line


class Voice:
    """See the module's text."""

    name = "voice"
    label = "Telephone call"
    summary = "Choose this to be woken: it is the loudest way, and a key answers."
    fields = (Field("number", "Telephone number", "With its country, such as +49 30 1234567.", kind="tel"),)

    loud = True

    def missing(self) -> str:
        return accounts.missing()

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        """:raises Refused: it is not a telephone number with its country."""
        return {"number": numbers.read_number(settings.get("number"))}

    def describe(self, settings: dict[str, Any]) -> str:
        return numbers.hidden(str(settings.get("number", "")))

    def handle(self, settings: dict[str, Any]) -> str:
        """The same for each method that rings the same telephone; the number can't be read from it."""
        return mark("telephone", str(settings.get("number", "")))

    def send(self, settings: dict[str, Any], message: Message) -> Delivery:
        """Have the first account that takes it call. A receipt says later whether somebody answered.

        :raises DeliveryFailed: see :func:`..phones.accounts.first_that_takes_it`.
        """
        number, said = str(settings.get("number", "")), spoken(message)
        return accounts.first_that_takes_it(
            lambda account: account.call(number, said, answer_url=message.answer_url, receipt_url=message.receipt_url)
        )


def spoken(message: Message) -> str:
    """What is said. A code is spoken digit by digit."""
    # A dash between two parts is read out as one by some voices: a comma is a short rest in all of them.
    text = one_line(announced(message), 300).replace(" – ", ", ").replace(" — ", ", ")
    if message.purpose == "verify":
        return "This is Watchroom. " + " ".join(f"{each}," if each.isdigit() else each for each in _spaced(text))
    if message.purpose in {"page", "role"}:
        verb = "accept the role" if message.purpose == "role" else "acknowledge"
        # Of what is no alert there is no next step that could be hurried.
        alerts = message.facts.get("kind") == "alert_group" or message.facts.get("bundle")
        more = " Press 9 to ask for help at once." if alerts else ""
        return f"This is Watchroom. {text}. Press 1 to {verb}.{more}"
    return f"This is Watchroom. {text}. Press 1 when you have heard it."


def to_machine(message: Message) -> str:
    """What stays on a voicemail: that there is something, and nothing of what it is. A person whom the provider took for a
    machine hears how to go on."""
    what = {"page": "a page", "role": "a role that you are asked to take", "test": "a test page"}.get(
        message.purpose, "a message"
    )
    verb = {"page": "acknowledge", "role": "accept"}.get(message.purpose, "say that you have heard it")
    return f"This is Watchroom, with {what} for you. Please open Watchroom. If you are on the line, press 1 to {verb}."


def _spaced(text: str) -> list[str]:
    return [each for word in text.split() for each in (list(word) if word.isdigit() else [word])]


channel = Voice()
