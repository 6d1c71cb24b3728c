"""Text messages. A reply with 1 acknowledges the newest page that was sent to that number."""

from __future__ import annotations

from typing import Any

from ...kernel import settings as conf
from ..base import Delivery, Field, Message
from ..phones import accounts, numbers, texts
from ..wording import announced, title


class SMS:
    """See the module's text."""

    name = "sms"
    label = "Text message (SMS)"
    summary = "Choose this to be reached where there is no internet."
    fields = (Field("number", "Telephone number", "With its country, such as +49 30 1234567.", kind="tel"),)

    def missing(self) -> str:
        return accounts.missing()

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        """:raises Refused: it is not a telephone number with its country."""
        return {"number": numbers.read_number(settings.get("number"))}

    def describe(self, settings: dict[str, Any]) -> str:
        return numbers.hidden(str(settings.get("number", "")))

    def send(self, settings: dict[str, Any], message: Message) -> Delivery:
        """Hand it to the first account that takes it. A receipt says later whether it arrived.

        :raises DeliveryFailed: see :func:`..phones.accounts.first_that_takes_it`.
        """
        text = compose(message)
        number = str(settings.get("number", ""))
        return accounts.first_that_takes_it(lambda account: account.text(number, text, receipt_url=message.receipt_url))


_HOW = {
    "page": "\nReply 1 to acknowledge.",
    "role": "\nReply 1 to accept.",
    "test": "\nReply 1 if you got it.",
}


def compose(message: Message) -> str:
    """What it is, how to answer, and where to look: at most two messages long. Only what it is gives way."""
    if message.purpose == "verify":
        return title(message)
    how = _HOW.get(message.purpose, "")
    link = message.actions[0].url if message.actions else message.url
    where = f"\n{link}" if link and conf.current().sms_links else ""
    return texts.fitted("", announced(message), how + where, most=3 if len(where) > 120 else 2)


channel = SMS()
