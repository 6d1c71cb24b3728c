"""The accounts of ``WATCHROOM_PHONE_URLS``, and how a message finds one that takes it."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, unquote, urlsplit

from ...kernel import clock
from ...kernel import settings as conf
from ..base import Delivery, DeliveryFailed
from .twilio import Twilio, WrongNumber

REST_SECONDS = 120.0  # an account that has just failed is asked last for so long
_failed_at: dict[str, float] = {}


def read_account(text: str) -> Twilio:
    """An account as it is configured: ``twilio://SID:TOKEN@api.twilio.com?from=+4930123456``.

    :raises ValueError: with what is wrong.
    """
    found = urlsplit(text)
    sender = (parse_qs(found.query).get("from") or [""])[0].strip()
    sender = sender if sender.startswith("MG") or not sender else f"+{sender.lstrip('+ ')}"
    if found.scheme not in {"twilio", "twilio+http"} or not found.username or not found.password or not sender:
        raise ValueError("use twilio://SID:TOKEN@api.twilio.com?from=+4930123456 (or from=MG…, a messaging service)")
    host = found.netloc.rpartition("@")[2] or "api.twilio.com"
    scheme = "http" if found.scheme == "twilio+http" else "https"
    return Twilio(unquote(found.username), unquote(found.password), sender, f"{scheme}://{host}")


def accounts() -> list[Twilio]:
    """All of them, in their order."""
    return [read_account(text) for text in conf.current().phone_urls.split()]


def first_that_takes_it(send: Callable[[Twilio], Delivery]) -> Delivery:
    """Ask one account after the other; those that have failed lately come last.

    :raises DeliveryFailed: none is configured, none takes it, or the number can't be reached by anybody.
    """
    found = accounts()
    if not found:
        raise DeliveryFailed(
            "No telephone provider is set, so Watchroom can't call or send text messages.",
            permanent=True,
            fix="Set WATCHROOM_PHONE_URLS, for example to twilio://SID:TOKEN@api.twilio.com?from=+4930123456.",
        )
    now = clock.monotonic()
    problems: list[DeliveryFailed] = []
    for account in sorted(found, key=lambda each: now - _failed_at.get(_key(each), -REST_SECONDS) < REST_SECONDS):
        try:
            done = send(account)
        except WrongNumber:
            raise
        except DeliveryFailed as failed:
            _failed_at[_key(account)] = now
            problems.append(failed)
        else:
            _failed_at.pop(_key(account), None)
            return done
    text = "; ".join(failed.message for failed in problems)
    permanent = all(failed.permanent for failed in problems)
    waits = [failed.retry_after for failed in problems if failed.retry_after]
    raise DeliveryFailed(text, permanent=permanent, retry_after=min(waits) if waits else None, fix=problems[0].fix)


def _key(account: Twilio) -> str:
    return f"{account.base}/{account.account}/{account.sender}"
