"""Plivo's REST API (v1) for text messages and calls, its XML, and the signatures of its requests to us.

https://www.plivo.com/docs/messaging/api/message/ and https://www.plivo.com/docs/voice/api/call/
https://www.plivo.com/docs/voice/api/call/machine-detection (asynchronous where there is a ``machine_detection_url``)
https://www.plivo.com/docs/voice/concepts/signature-validation/ (V3: the whole form is signed)
https://www.plivo.com/docs/messaging/concepts/signature-validation/ (V2: the address only)
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit
from xml.sax.saxutils import escape, quoteattr

import msgspec

from .. import answers
from ..base import Delivery, DeliveryFailed
from .provider import Outcome, Told

_ENDED_BADLY = {"undelivered", "failed", "rejected", "busy", "no-answer", "timeout", "cancel"}
_DELIVERED = {"delivered", "read"}
_RANG = {"busy", "no-answer", "timeout"}
_RING_SECONDS = 45
_DETECT_MILLISECONDS = 5000


@dataclass(frozen=True)
class Plivo:
    """One account. ``sender`` is a number of it, or the id of a Powerpack for text messages."""

    account: str
    token: str
    sender: str
    base: str = "https://api.plivo.com"
    name: str = "plivo"

    @property
    def key(self) -> str:
        return f"plivo {self.account} {self.sender}"

    def text(self, to: str, body: str, *, receipt_url: str) -> Delivery:
        """Send a text message. Raises :class:`DeliveryFailed`."""
        origin = "src" if self.sender.startswith("+") else "powerpack_uuid"
        said = {
            origin: self.sender.lstrip("+"),
            "dst": to.lstrip("+"),
            "text": body,
            "url": receipt_url,
            "method": "POST",
        }
        answer = self._post("Message", said)
        found = answer.get("message_uuid")
        return self._taken(found[0] if isinstance(found, list) and found else None)

    def call(self, to: str, spoken: str, *, answer_url: str, receipt_url: str) -> Delivery:
        """Call. What to say is asked for when somebody answers: it is at ``answer_url``. That a machine has answered is told
        there, too, while the call goes on. Raises :class:`DeliveryFailed`."""
        said = {
            "from": self.sender.lstrip("+"),
            "to": to.lstrip("+"),
            "answer_url": answer_url,
            "answer_method": "POST",
            "hangup_url": receipt_url,
            "hangup_method": "POST",
            "machine_detection": "true",
            "machine_detection_time": _DETECT_MILLISECONDS,
            "machine_detection_url": answer_url,
            "machine_detection_method": "POST",
            "ring_timeout": _RING_SECONDS,
        }
        return self._taken(self._post("Call", said).get("request_uuid"))

    def _post(self, what: str, said: Mapping[str, object]) -> dict[str, Any]:
        pair = base64.b64encode(f"{self.account}:{self.token}".encode()).decode()
        answer = answers.post(
            f"{self.base}/v1/Account/{self.account}/{what}/",
            content=msgspec.json.encode(said),
            headers={"Authorization": f"Basic {pair}", "Content-Type": "application/json"},
        )
        try:
            found = msgspec.json.decode(answer.body)
        except msgspec.DecodeError:
            found = None
        return found if isinstance(found, dict) else {}

    def _taken(self, number: object) -> Delivery:
        if not isinstance(number, str) or not number:
            raise DeliveryFailed("Plivo's answer does not say that it took the message.")
        return Delivery(provider_id=f"plivo:{number}")

    def has_signed(self, told: Told) -> bool:
        """V3, or, for text messages, V2; a header may hold several signatures."""
        made = {"V3": signature_v3}
        if told["MessageUUID"]:
            made["V2"] = signature_v2
        for version, sign in made.items():
            nonce = told.headers.get(f"X-Plivo-Signature-{version}-Nonce", "")
            stated = [
                each
                for name in (f"X-Plivo-Signature-{version}", f"X-Plivo-Signature-MA-{version}")
                for each in told.headers.get(name, "").split(",")
            ]
            right = sign(self.token, told.url, told.form, nonce).encode()
            if nonce and any(hmac.compare_digest(right, each.strip().encode()) for each in stated):
                return True
        return False

    def outcome(self, told: Told) -> Outcome | None:
        status = told["Status"] or told["CallStatus"]
        if status in _ENDED_BADLY:
            why = told["ErrorCode"] or told["HangupCauseName"] or told["HangupCause"]
            return Outcome(False, f"{status} {why}".strip(), rang=status in _RANG)
        if status == "completed" and self.machine_answered(told):
            return Outcome(False, "a machine answered the call", rang=True)
        return Outcome(True) if status == "completed" or status in _DELIVERED else None

    def machine_answered(self, told: Told) -> bool | None:
        """A key counts more than what the call sounded like."""
        is_machine = told["Machine"].lower() == "true"
        if "Digits" in told.form:
            return None
        return is_machine if is_machine or told["Event"] == "MachineDetection" else None

    def redirect(self, told: Told, url: str) -> None:
        """https://www.plivo.com/docs/voice/api/call/transfer-a-call/"""
        said = {"legs": "aleg", "aleg_url": url, "aleg_method": "POST"}
        self._post(f"Call/{quote(told['CallUUID'], safe='')}", said)

    def pressed(self, told: Told) -> str | None:
        """Only the end of GetInput has the field ``Digits``: before it, the call asks what to say."""
        return told["Digits"] if "Digits" in told.form else None

    def reply_of(self, told: Told) -> tuple[str, str]:
        """Numbers come without their plus."""
        return f"+{told['From'].lstrip('+')}", told["Text"]

    def menu(self, spoken: str, answer_url: str) -> str:
        """https://www.plivo.com/docs/voice/xml/getinput/ Said twice."""
        ask = _ask(spoken, answer_url, seconds=20)
        return f'<Response><Wait length="1"/>{ask}{ask}<Speak>Goodbye.</Speak><Hangup/></Response>'

    def voicemail(self, spoken: str, answer_url: str) -> str:
        """https://www.plivo.com/docs/voice/xml/wait/ It waits until the machine has been silent for two seconds."""
        ask = _ask(spoken, answer_url, seconds=10)
        return f'<Response><Wait length="20" silence="true" minSilence="2000"/>{ask}<Hangup/></Response>'

    def farewell(self, spoken: str) -> str:
        said = f"<Speak>{escape(spoken)}</Speak>" if spoken else ""
        return f"<Response>{said}<Hangup/></Response>"

    def reply(self, told: Told, text: str) -> str:
        """https://www.plivo.com/docs/messaging/xml/ From the number that was written to."""
        if not text:
            return "<Response/>"
        return f"<Response><Message src={quoteattr(told['To'])} dst={quoteattr(told['From'])}>{escape(text)}</Message></Response>"


def _ask(spoken: str, answer_url: str, seconds: int) -> str:
    return (
        f'<GetInput action={quoteattr(answer_url)} method="POST" inputType="dtmf" numDigits="1" '
        f'digitEndTimeout="5" executionTimeout="{seconds}"><Speak>{escape(spoken)}</Speak></GetInput>'
    )


def signature_v2(token: str, url: str, form: Mapping[str, Sequence[str]], nonce: str) -> str:
    """HMAC-SHA256, in Base64, of the address without its query, followed by the nonce."""
    return _mac(token, f"{url.partition('?')[0]}{nonce}")


def signature_v3(token: str, url: str, form: Mapping[str, Sequence[str]], nonce: str) -> str:
    """HMAC-SHA256, in Base64, of the address with its query sorted, the form sorted by name with each name directly
    before its value, and the nonce; with a dot before the last, and one between query and form where there are both."""
    parts = urlsplit(url)
    query = "&".join(
        f"{name}={value}"
        for name, values in sorted(parse_qs(parts.query, keep_blank_values=True).items())
        for value in sorted(values)
    )
    text = f"{parts.scheme}://{parts.netloc}{parts.path}"
    if query or form:
        text += f"?{query}"
    if query and form:
        text += "."
    text += "".join(f"{name}{value}" for name in sorted(form) for value in sorted(form[name]))
    return _mac(token, f"{text}.{nonce}")


def _mac(token: str, text: str) -> str:
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha256).digest()).decode()
