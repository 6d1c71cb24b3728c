"""The accounts of ``WATCHROOM_PHONE_URLS``, and how a message finds one that takes it."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, unquote, urlsplit

from ...kernel import settings as conf
from ..base import Delivery, DeliveryFailed
from . import health
from .plivo import Plivo
from .provider import Account, Told, WrongNumber
from .twilio import Twilio

_KINDS: dict[str, type[Twilio | Plivo]] = {"twilio": Twilio, "plivo": Plivo}
_HOW = "use twilio://SID:TOKEN@api.twilio.com?from=+4930123456 or plivo://ID:TOKEN@api.plivo.com?from=+4930123456"


def read_account(text: str) -> Account:
    """An account as it is configured: ``twilio://SID:TOKEN@api.twilio.com?from=+4930123456``, or ``plivo://…``. Instead
    of a number, ``from`` may name a messaging service (``MG…``) or a Powerpack, for text messages.

    :raises ValueError: with what is wrong.
    """
    found = urlsplit(text)
    kind, _, plain = found.scheme.partition("+")
    sender = (parse_qs(found.query).get("from") or [""])[0].strip()
    sender = f"+{sender.lstrip('+ ')}" if sender.lstrip("+ ").isdigit() else sender
    if kind not in _KINDS or plain not in {"", "http"} or not found.username or not found.password or not sender:
        raise ValueError(_HOW)
    made = _KINDS[kind](unquote(found.username), unquote(found.password), sender)
    host = found.netloc.rpartition("@")[2]
    scheme = "http" if plain else "https"
    return type(made)(made.account, made.token, sender, f"{scheme}://{host}" if host else made.base)


def accounts() -> list[Account]:
    """All of them, in their order."""
    return [read_account(text) for text in conf.current().phone_urls.split()]


def missing() -> str:
    """What the operator has to set up before anybody is called; empty when there is an account."""
    return (
        ""
        if conf.current().phone_urls.split()
        else "Watchroom has no telephone account yet: WATCHROOM_PHONE_URLS is not set."
    )


def who_signed(told: Told) -> Account | None:
    """The account that has made this request to us, if it is one of ours."""
    return next((account for account in accounts() if account.has_signed(told)), None)


def first_that_takes_it(send: Callable[[Account], Delivery]) -> Delivery:
    """Ask one account after the other; those that rest come last.

    :raises DeliveryFailed: none is configured, none takes it, or the number can't be reached by anybody.
    """
    found = health.ordered(accounts())
    if not found:
        raise DeliveryFailed(
            "No telephone provider is set, so Watchroom can't call or send text messages.",
            permanent=True,
            fix="Set WATCHROOM_PHONE_URLS, for example to twilio://SID:TOKEN@api.twilio.com?from=+4930123456.",
        )
    problems: list[DeliveryFailed] = []
    for account in found:
        try:
            done = send(account)
        except WrongNumber:
            raise
        except DeliveryFailed as failed:
            health.failed(account, failed)
            problems.append(failed)
        else:
            health.took(account)
            return done
    text = "; ".join(failed.message for failed in problems)
    permanent = all(failed.permanent for failed in problems)
    waits = [failed.retry_after for failed in problems if failed.retry_after]
    raise DeliveryFailed(text, permanent=permanent, retry_after=min(waits) if waits else None, fix=problems[0].fix)
