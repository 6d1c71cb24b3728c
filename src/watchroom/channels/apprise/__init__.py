"""Apprise: one of the hundred and more services that the apprise library can reach, by its URL.

URLs: https://github.com/caronc/apprise/wiki. Apprise does its own I/O, so the safety of ``kernel.http`` is kept in two
other ways: :mod:`.guard` judges every connection while it sends, and :meth:`Apprise.check` refuses what is not a
service to reach people by: programs and desktops of this machine, files read from this machine, and generic posting
(``json://``, for which there is the webhook channel), unless WATCHROOM_PRIVATE_TARGETS opens a network for it.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any
from urllib.parse import unquote, urlsplit

import apprise
from apprise.plugins import url_to_dict

from ...kernel import http
from ...kernel.errors import Refused
from ..base import Delivery, DeliveryFailed, Field, Message
from ..wording import one_line, plain, title
from . import guard

# They post whatever you like to whatever host you like: a webhook by another name, without its signature.
_GENERIC = frozenset({"json", "jsons", "xml", "xmls", "form", "forms", "apprise", "apprises"})
# They show the message on this machine, start programs on it or want key files on it.
_LOCAL = frozenset(
    {
        "blink1",
        "dbus",
        "deltachat",
        "glib",
        "gnome",
        "kde",
        "macosx",
        "qt",
        "sendmail",
        "syslog",
        "vapid",
        "windows",
    }
)
# Arguments that make apprise read a file of this machine, or fetch an address, and send it along.
_READING = frozenset({"attach", "keyfile", "pgppub", "pgpprv", "subfile"})
_URL_LIMIT = 2_000
_read: Any = url_to_dict  # it has no types
_FIX = "Copy the URL from the page of your service at https://github.com/caronc/apprise/wiki, such as tgram://bottoken/chat."


class Apprise:
    """See the module's text."""

    name = "apprise"
    label = "Another service (Apprise)"
    summary = "Choose this for Telegram, Slack, Discord, Pushover, Matrix, SMS providers and some hundred others."
    fields = (Field("url", "Apprise URL", _FIX, kind="password", secret=True),)

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        """Never asks the network: a host name that leads to a forbidden address is refused when sending.

        :raises Refused: apprise does not understand the URL, or it is one that Watchroom does not permit.
        """
        url = settings.get("url")
        url = url.strip() if isinstance(url, str) else ""
        with guard.watching():
            _plugin(url)
        return {"url": url}

    def describe(self, settings: dict[str, Any]) -> str:
        """The service, and a mark that tells two of them apart; any other part of the URL may be a secret."""
        url = str(settings.get("url", ""))
        mark = hashlib.sha256(url.encode(errors="replace")).hexdigest()[:4]
        guard.install()
        found = apprise.Apprise.instantiate(url, asset=_asset()) if _is_one(url) else None
        service = one_line(str(found.service_name), 60) if found else scheme_of(url) or "Apprise"
        return f"{service} ({mark})"

    def send(self, settings: dict[str, Any], message: Message) -> Delivery:
        """Let apprise send. It says only yes or no; the reason is the last thing that it logged.

        :raises DeliveryFailed: permanent for a forbidden target or a URL that is no longer accepted, else temporary.
        """
        url = str(settings.get("url", ""))
        try:
            with guard.watching(only_private=scheme_of(url) in _GENERIC) as watch:
                plugin = _plugin(url)
                box = apprise.Apprise(asset=_asset())
                box.add(plugin)
                done = bool(
                    box.notify(
                        body=plain(message),
                        title=title(message),
                        notify_type=_type(message),
                        body_format=apprise.NotifyFormat.TEXT,
                    )
                )
        except Refused as error:
            raise DeliveryFailed(error.message, permanent=True, fix=error.fix) from None
        except Exception as error:
            # A plugin's own mistake. Its text may quote the URL.
            raise DeliveryFailed(
                f"{scheme_of(url)}: {masked(one_line(f'{type(error).__name__}: {error}'), url)}"
            ) from None
        if watch.refused:
            refusal = http.forbidden(f"the host of this {scheme_of(url)}:// URL", watch.refused[0])
            raise DeliveryFailed(refusal.message, permanent=True, fix=refusal.fix)
        if not done:
            reason = masked(one_line(" ".join(watch.lines[-2:]), 500), url) or "apprise gave no reason"
            raise DeliveryFailed(f"{plugin.service_name} did not take the message: {reason}")
        return Delivery()


def scheme_of(url: str) -> str:
    """``tgram`` of ``tgram://…``; empty where there is none."""
    found = re.match(r"([a-z0-9][a-z0-9.+-]{0,30})://", url, re.IGNORECASE)
    return found[1].lower() if found else ""


def masked(text: str, url: str) -> str:
    """``text`` without the parts of ``url`` that could be secrets (all but its scheme and a host with a dot)."""
    pieces = {piece for form in (url, unquote(url)) for piece in re.split(r"[/:@?&=,#\s]+", form.partition("://")[2])}
    keep = (urlsplit(url).hostname or "") if _is_one(url) else ""
    for piece in sorted(pieces, key=len, reverse=True):
        if len(piece) >= 4 and not (piece.lower() == keep and "." in keep):
            text = text.replace(piece, "…")
    return text


def _is_one(url: str) -> bool:
    """Whether this is one URL as far as its form goes (apprise itself would also take a list of them)."""
    try:
        urlsplit(url)
    except ValueError:
        return False
    return bool(scheme_of(url)) and len(url) <= _URL_LIMIT and url.isprintable() and " " not in url


def _asset() -> Any:
    """Apprise's surroundings: nothing is kept on disk, no plugin is loaded from a path, log lines are masked."""
    return apprise.AppriseAsset(
        storage_mode=apprise.PersistentStoreMode.MEMORY,
        secure_logging=True,
        async_mode=False,
        app_id="Watchroom",
        app_desc="Watchroom",
        app_url="",
    )


def _plugin(url: str) -> Any:
    """Apprise's object for ``url``, after every check that needs no network.

    :raises Refused: see :meth:`Apprise.check`.
    """
    # Apprise's own reading of the URL is what counts: it also takes web addresses of known services, and finds
    # arguments where others see none.
    parts = _read(url) if _is_one(url) else None
    scheme = str(parts["schema"]) if parts else scheme_of(url)
    shown = f"{scheme}://…" if scheme else "(secret)"
    if scheme in _LOCAL:
        raise Refused(
            f"{scheme}:// does something on this machine, it reaches nobody.", field="url", value=shown, fix=_FIX
        )
    if scheme in _GENERIC and not http.private_targets():
        raise Refused(
            f"{scheme}:// posts to any host.",
            field="url",
            value=shown,
            fix="Use the webhook channel, or open your own network with WATCHROOM_PRIVATE_TARGETS.",
        )
    arguments = {str(name).lower(): str(value) for name, value in ((parts or {}).get("qsd") or {}).items()}
    if found := sorted(arguments.keys() & _READING):
        raise Refused(
            f"{found[0]}= reads files of this machine.",
            field="url",
            value=f"{shown}{found[0]}=…",
            fix=f"Leave {found[0]}= out.",
        )
    plugin = apprise.Apprise.instantiate(parts, asset=_asset()) if parts else None
    if plugin is None:
        raise Refused("Apprise does not understand this URL.", field="url", value=shown, fix=_FIX)
    if any(isinstance(value, apprise.AppriseAttachment) and len(value) for value in vars(plugin).values()):
        raise Refused(
            "This URL makes apprise read a file or an address.", field="url", value=shown, fix="Leave template= out."
        )
    _check_hosts(scheme, plugin, arguments)
    _tame(plugin)
    return plugin


def _check_hosts(scheme: str, plugin: Any, arguments: dict[str, str]) -> None:
    """Refuse a host that is an address of the inside. Names are judged when sending, by :mod:`.guard`.

    :raises Refused: it is one.
    """
    networks = http.private_targets()
    for host in (getattr(plugin, "host", None), arguments.get("smtp"), arguments.get("relay")):
        # A mere number is a service's identifier (discord://4713/…) where the service has no host of one's own.
        if not isinstance(host, str) or not host or (host.isdigit() and not _has_host(plugin)):
            continue
        found = [http.parse_address(each) for each in http.addresses(host.strip("[]"), 0, look_up=False)]
        if not found or any(http.is_inside(each, networks) for each in found):
            continue
        if scheme in _GENERIC or not any(http.is_public(each) for each in found):
            raise http.forbidden(f"the host of this {scheme}:// URL", str(found[0]))


def _tame(plugin: Any) -> None:
    """Watchroom tries again by itself and must hear of every failure; nothing may hold a sender up for long."""
    if hasattr(type(plugin), "service_retry"):  # apprise 2; in older ones "retry" is something else (Pushover's)
        plugin.retry, plugin.optional = 0, False
    for name in ("socket_connect_timeout", "socket_read_timeout"):
        setattr(plugin, name, min(max(float(getattr(plugin, name, 4.0)), 0.1), http.TIMEOUT_SECONDS))


def _has_host(plugin: Any) -> bool:
    return any("{host}" in template for template in getattr(plugin, "templates", ()))


def _type(message: Message) -> apprise.NotifyType:
    if message.purpose == "resolved":
        return apprise.NotifyType.SUCCESS
    return apprise.NotifyType.WARNING if message.urgent else apprise.NotifyType.INFO


channel = Apprise()
