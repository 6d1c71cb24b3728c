"""Twilio's REST API (2010-04-01) for text messages and calls, and the signature of its requests to us.

https://www.twilio.com/docs/messaging/api/message-resource
https://www.twilio.com/docs/voice/api/call-resource
https://www.twilio.com/docs/voice/answering-machine-detection
https://www.twilio.com/docs/usage/security#validating-requests
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode
from xml.sax.saxutils import escape, quoteattr

import msgspec

from .. import answers
from ..base import Delivery, DeliveryFailed
from .provider import Outcome, Told, WrongNumber

# The number itself is wrong, for any provider: https://www.twilio.com/docs/api/errors
# (Not 21408, 21610 and 21612: what one account or sender may not do, another may.)
_WRONG_NUMBER = {21211, 21214, 21217, 21401, 21614}
# Of those that come with a receipt, in words: https://www.twilio.com/docs/messaging/guides/debugging-common-issues
_SAID = {
    "30003": "the telephone is off or out of reach",
    "30004": "the receiver or its carrier blocks this sender",
    "30005": "the number is not in use",
    "30006": "a landline, or a carrier that can't be reached",
    "30007": "the carrier took it for spam",
    "30034": "the sender is not registered for the USA (A2P 10DLC)",
}
ENDED_BADLY = {"undelivered", "failed", "busy", "no-answer", "canceled"}
DELIVERED = {"delivered", "read"}
_RANG = {"busy", "no-answer"}


@dataclass(frozen=True)
class Twilio:
    """One account. ``sender`` is a number of it, or the id of a messaging service (``MG…``)."""

    account: str
    token: str
    sender: str
    base: str = "https://api.twilio.com"
    name: str = "twilio"

    def text(self, to: str, body: str, *, receipt_url: str) -> Delivery:
        """Send a text message. Raises :class:`DeliveryFailed`."""
        origin = "MessagingServiceSid" if self.sender.startswith("MG") else "From"
        return self._post("Messages", {"To": to, origin: self.sender, "Body": body, "StatusCallback": receipt_url})

    def call(self, to: str, spoken: str, *, answer_url: str, receipt_url: str) -> Delivery:
        """Call, say something, and listen for a key. Whoever answers hears it at once: what answers is found out meanwhile
        (``AsyncAmd``), and a machine is told of when it has said its own words. Raises :class:`DeliveryFailed`."""
        said = {
            "To": to,
            "From": self.sender,
            "Twiml": menu(spoken, answer_url),
            "StatusCallback": receipt_url,
            "StatusCallbackEvent": "completed",
            "MachineDetection": "DetectMessageEnd",
            "AsyncAmd": "true",
            "AsyncAmdStatusCallback": answer_url,
            "AsyncAmdStatusCallbackMethod": "POST",
            "Timeout": "45",
        }
        return self._post("Calls", said)

    @property
    def key(self) -> str:
        return f"twilio {self.account} {self.sender}"

    def has_signed(self, told: Told) -> bool:
        """``X-Twilio-Signature``, see :func:`signature`."""
        stated = told.headers.get("X-Twilio-Signature", "")
        return hmac.compare_digest(signature(self.token, told.url, told.form).encode(), stated.encode())

    def outcome(self, told: Told) -> Outcome | None:
        status, answered_by = told["MessageStatus"] or told["CallStatus"], told["AnsweredBy"]
        if status in ENDED_BADLY:
            code = told["ErrorCode"]
            why = f"{status} {code}{': ' if code in _SAID else ''}{_SAID.get(code, '')}".strip()
            return Outcome(False, why, rang=status in _RANG)
        if status == "completed" and answered_by.startswith(("machine", "fax")):
            return Outcome(False, "a machine answered the call", rang=True)
        return Outcome(True) if status == "completed" or status in DELIVERED else None

    def machine_answered(self, told: Told) -> bool | None:
        """A key counts more than what the call sounded like."""
        if "Digits" in told.form or not told["AnsweredBy"]:
            return None
        return told["AnsweredBy"].startswith(("machine", "fax"))

    def redirect(self, told: Told, url: str) -> None:
        """https://www.twilio.com/docs/voice/api/call-resource#update-a-call-resource"""
        self._post(f"Calls/{quote(told['CallSid'], safe='')}", {"Url": url, "Method": "POST"})

    def pressed(self, told: Told) -> str | None:
        """The menu was given with the call: whoever asks has pressed something."""
        return told["Digits"]

    def reply_of(self, told: Told) -> tuple[str, str]:
        return told["From"], told["Body"]

    def menu(self, spoken: str, answer_url: str) -> str:
        return menu(spoken, answer_url)

    def voicemail(self, spoken: str, answer_url: str) -> str:
        return f"<Response>{_gather(spoken, answer_url, seconds=4)}<Hangup/></Response>"

    def farewell(self, spoken: str) -> str:
        return farewell(spoken) if spoken else "<Response><Hangup/></Response>"

    def reply(self, told: Told, text: str) -> str:
        return reply(text) if text else "<Response/>"

    def _post(self, what: str, said: Mapping[str, str]) -> Delivery:
        pair = base64.b64encode(f"{self.account}:{self.token}".encode()).decode()
        try:
            answer = answers.post(
                f"{self.base}/2010-04-01/Accounts/{self.account}/{what}.json",
                content=urlencode(said).encode(),
                headers={"Authorization": f"Basic {pair}", "Content-Type": "application/x-www-form-urlencoded"},
            )
        except DeliveryFailed as failed:
            raise _explained(failed) from None
        try:
            number = str(msgspec.json.decode(answer.body)["sid"])
        except (msgspec.DecodeError, KeyError, TypeError):
            raise DeliveryFailed("Twilio's answer has no sid.") from None
        return Delivery(provider_id=f"twilio:{number}")


def _explained(failed: DeliveryFailed) -> DeliveryFailed:
    """The same failure, told apart by Twilio's own code where its answer has one."""
    code = re.search(r"\((\d{5})\)", failed.message)
    return WrongNumber(failed.message) if code and int(code[1]) in _WRONG_NUMBER else failed


def menu(spoken: str, answer_url: str) -> str:
    """TwiML that says something twice and waits for a key. https://www.twilio.com/docs/voice/twiml/gather"""
    gather = _gather(spoken, answer_url, seconds=8)
    return f'<Response><Pause length="1"/>{gather}{gather}<Say>Goodbye.</Say></Response>'


def _gather(spoken: str, answer_url: str, seconds: int) -> str:
    said = f"<Say>{escape(spoken)}</Say>"
    return f'<Gather numDigits="1" timeout="{seconds}" method="POST" action={quoteattr(answer_url)}>{said}</Gather>'


def farewell(spoken: str) -> str:
    """TwiML that says something and hangs up."""
    return f"<Response><Say>{escape(spoken)}</Say><Hangup/></Response>"


def reply(text: str) -> str:
    """TwiML that answers a text message with another."""
    return f"<Response><Message>{escape(text)}</Message></Response>"


def signature(token: str, url: str, said: Mapping[str, Sequence[str]]) -> str:
    """What ``X-Twilio-Signature`` must be: HMAC-SHA1 of the address as Twilio knows it, followed by the posted fields
    sorted by name, each name directly before its value; in Base64."""
    text = url + "".join(name + value for name in sorted(said) for value in sorted(set(said[name])))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()
