"""Signed webhook: a program of one's own carries it out.

Wire format, schema version 1 (ours; the signature is that of Watchroom's other webhooks)::

    POST <url>
    Idempotency-Key: <key of the run>
    Watchroom-Timestamp: <unix seconds>
    Watchroom-Signature: t=<the same>,v1=<hex of HMAC-SHA256(secret, "<t>." + body)>

    {"schema": 1, "key": "…", "mitigation": "roll-back-checkout", "title": "Roll back checkout", "inputs": {…},
     "incident": {"id": 7, "title": "…", "url": "https://…"}, "person": "…", "drill": false, "dry_run": false}

Any 2xx means done, except 202 with a ``Location`` on the same host: it is asked (GET, signed over an empty body) until it
says ``{"state": "succeeded" or "failed" or "running", "output": "…"}``. ``output`` and ``link`` of a JSON answer are kept.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin

import msgspec

from ...kernel import clock, http
from ...kernel.errors import Refused
from .. import base
from ..base import Field, Inputs, Order, Progress, RunFailed, Settings

_SECRET_LENGTH = 16


def signature(secret: str, at: int, body: bytes) -> str:
    """The value of ``Watchroom-Signature`` for ``body`` sent at ``at`` (Unix seconds)."""
    return f"t={at},v1={hmac.digest(secret.encode(), f'{at}.'.encode() + body, 'sha256').hex()}"


class Webhook:
    """See the module's text."""

    name = "webhook"
    label = "Signed webhook"
    summary = "A program of your own carries it out; it gets signed JSON and may say how it went."
    fields = (
        Field("url", "Address", "Where the JSON is posted to.", "url", True),
        Field(
            "secret", "Signing secret", f"At least {_SECRET_LENGTH} characters; your program checks it.", "password",
            True, True,
        ),
        Field(
            "repeats",
            "The same order twice",
            "“dropped”: your program does it once per Idempotency-Key, so what was cut off may be sent again. "
            "“done again”: then it never is.",
            "choice",
            choices=("done again", "dropped"),
            default="done again",
        ),
        Field(
            "dry_runs", "Dry run", "Whether your program understands “dry_run”.", "choice",
            choices=("no", "yes"), default="no",
        ),
    )  # fmt: skip
    inputs = (Field("inputs", "Inputs", "Lines of name=value, sent along.", "lines"),)
    has_dry_run = True

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        cleaned = base.check(settings, self.fields)
        if len(cleaned["secret"]) < _SECRET_LENGTH:
            raise Refused(
                "The signing secret is too short.",
                field="secret",
                value="(secret)",
                fix=f"Use at least {_SECRET_LENGTH} random characters.",
            )
        return dict(cleaned)

    def check_inputs(self, inputs: dict[str, Any]) -> dict[str, str]:
        cleaned = base.check(inputs, self.inputs)
        base.pairs(cleaned.get("inputs", ""), "inputs")
        return cleaned

    def is_idempotent(self, settings: Settings) -> bool:
        return settings.get("repeats") == "dropped"

    def describe(self, settings: Settings) -> str:
        return f"{http.origin(str(settings.get('url', '')))}/…"

    def plan(self, settings: Settings, inputs: Inputs) -> str:
        given = ", ".join(f"{name}={value}" for name, value in base.pairs(inputs.get("inputs", ""), "inputs").items())
        return f"Asks {self.describe(settings)} to do it{f', with {given[:200]}' if given else ''}."

    def try_it(self, settings: Settings) -> str:
        raise RunFailed("A webhook can't be asked without doing something.", fix="Use a mitigation's dry run.")

    def start(self, settings: Settings, order: Order) -> Progress:
        if order.dry_run and settings.get("dry_runs") != "yes":
            raise RunFailed("This webhook has no dry run.", fix="Say in its settings that your program understands it.")
        body = msgspec.json.encode(
            {
                "schema": 1,
                "key": order.key,
                "mitigation": order.mitigation,
                "title": order.title,
                "inputs": base.pairs(order.inputs.get("inputs", ""), "inputs"),
                "incident": {"id": order.incident, "title": order.incident_title, "url": order.url},
                "person": order.person,
                "drill": order.drill,
                "dry_run": order.dry_run,
            }
        )
        url = str(settings["url"])
        answer = base.call(
            "POST",
            url,
            headers={"Idempotency-Key": order.key, **_signed(settings, body)},
            content=body,
            changes=not order.dry_run,
        )
        place = urljoin(url, answer.headers.get("location", ""))
        if answer.status == 202 and answer.headers.get("location"):
            if http.origin(place) != http.origin(url):
                return Progress("unknown", "It began, and says that its state is to be asked of another host.")
            return Progress("running", _said(answer)[0], {"location": place})
        text, link, state = _said(answer)
        return Progress("failed" if state == "failed" else "succeeded", text, link=link)

    def poll(self, settings: Settings, order: Order, reference: Mapping[str, Any]) -> Progress:
        place = str(reference.get("location", ""))
        if http.origin(place) != http.origin(str(settings["url"])):
            raise RunFailed("The webhook's address has been changed since.", fix="Look there how it went.")
        text, link, state = _said(base.call("GET", place, headers=_signed(settings, b"")))
        if state in {"succeeded", "failed"}:
            return Progress("failed" if state == "failed" else "succeeded", text, link=link)
        return Progress("running", text, dict(reference), link)


def _signed(settings: Settings, body: bytes) -> dict[str, str]:
    at = int(clock.now().timestamp())
    return {"Watchroom-Timestamp": str(at), "Watchroom-Signature": signature(str(settings["secret"]), at, body)}


def _said(answer: http.Answer) -> tuple[str, str, str]:
    """Output, link and state of an answer; plain text is output."""
    try:
        read = msgspec.json.decode(answer.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return base.bounded(answer.body.decode("utf-8", "replace")), "", ""
    if not isinstance(read, dict):
        return base.bounded(answer.body.decode("utf-8", "replace")), "", ""
    link = str(read.get("link") or "")
    return (
        base.bounded(str(read.get("output") or "")),
        link if link.startswith(("https://", "http://")) else "",
        str(read.get("state") or ""),
    )


runner = Webhook()
