"""What an HTTP answer means for a message: handed over, try again, or give up."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ..kernel import http
from ..kernel.errors import Refused
from .base import DeliveryFailed
from .wording import one_line


def post(
    url: str, *, content: bytes, headers: Mapping[str, str], public_only: bool = False, keep: bool = False
) -> http.Answer:
    """Post ``content`` and return a 2xx answer. See :func:`ask`.

    :raises DeliveryFailed: anything but 2xx.
    """
    return ask("POST", url, content=content, headers=headers, public_only=public_only, keep=keep)


def ask(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    content: bytes = b"",
    timeout_seconds: float = http.TIMEOUT_SECONDS,
    limit_bytes: int = http.BODY_LIMIT_BYTES,
    public_only: bool = False,
    keep: bool = False,
) -> http.Answer:
    """Send one request and return a 2xx answer. ``public_only``, ``keep``: see :func:`kernel.http.fetch`.

    408, 425, 429 and 5xx are temporary (and say when to come back with Retry-After); so is an unreachable server. Any
    other answer is permanent: the same request would get it again.

    :raises DeliveryFailed: anything but 2xx.
    """
    try:
        answer = http.fetch(
            method,
            url,
            headers=headers,
            content=content,
            timeout_seconds=timeout_seconds,
            limit_bytes=limit_bytes,
            public_only=public_only,
            keep=keep,
        )
    except Refused as error:
        raise DeliveryFailed(error.message, permanent=True, fix=error.fix) from None
    except http.OutgoingFailed as error:
        raise DeliveryFailed(error.message) from None
    if answer.ok:
        return answer
    permanent = answer.status < 500 and answer.status not in {408, 425, 429}
    said = what_it_says(answer.body)
    text = f"{http.origin(url)} answered {answer.status}"
    if 300 <= answer.status < 400:
        raise DeliveryFailed(
            f"{text}, a redirect; Watchroom does not follow it.",
            permanent=True,
            fix="Enter the address that it leads to.",
            answered=answer.status,
        )
    raise DeliveryFailed(
        f"{text}: {said.rstrip('.')}." if said else f"{text}.",
        permanent=permanent,
        retry_after=answer.retry_after,
        answered=answer.status,
    )


def what_it_says(body: bytes) -> str:
    """What a server says went wrong, for people: the sentence of a JSON answer with its code, else the text as it is."""
    try:
        said = msgspec.json.decode(body)
    except msgspec.DecodeError:
        said = None
    if isinstance(said, dict) and isinstance(said.get("error"), dict):
        said = said["error"]
    if isinstance(said, dict):
        texts = [said.get(name) for name in ("message", "error", "description", "detail")]
        text = next((each for each in texts if isinstance(each, str) and each.strip()), "")
        codes = [said.get(name) for name in ("errcode", "code")]
        code = next((str(each) for each in codes if isinstance(each, str | int) and str(each) not in text), "")
        if text:
            return f"{one_line(text, 200)} ({one_line(code, 60)})" if code else one_line(text, 200)
    return one_line(body[:1000].decode(errors="replace"), 200)


def provider_id(answer: http.Answer) -> str:
    """The ``id`` of a JSON answer, if there is one; at most 250 characters."""
    try:
        said = msgspec.json.decode(answer.body)
    except msgspec.DecodeError:
        return ""
    found = said.get("id") if isinstance(said, dict) else None
    return one_line(str(found)) if isinstance(found, str | int) else ""
