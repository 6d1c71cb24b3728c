"""Safe outgoing HTTP: the one way in which a request to an address that somebody typed in leaves Watchroom.

A person who may enter a webhook's address could otherwise make this server talk to its own neighbours (server-side
request forgery). So the *address* is judged, not the name, and at the last moment: the name is resolved once, every
answer is judged, and the socket is opened to exactly the address that was judged. A name that answers differently
the next time ("DNS rebinding") gains nothing; nor does a connection that was kept (`wire.py`), which is used only for an address
that has been judged for this very request. The Host header and the TLS name (SNI, certificate check) stay those
of the URL. Redirects are handed back, not followed; proxies in the environment are not used; time and size are limited.

The tables of special-purpose addresses are IANA's (https://www.iana.org/assignments/iana-ipv4-special-registry and
iana-ipv6-special-registry, RFC 6890), with multicast and the cloud metadata services added.
"""

from __future__ import annotations

import base64
import ipaddress
import os
import socket
import ssl
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from functools import cache, lru_cache

import h11
import httpx

from . import clock, wire
from . import settings as conf
from .errors import Refused, WatchroomError
from .numbers import DIGITS, whole

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

TIMEOUT_SECONDS = 10.0
BODY_LIMIT_BYTES = 64 * 1024
_URL_LIMIT = 2000
_RETRY_AFTER_LIMIT_SECONDS = 24 * 3600

_NOT_PUBLIC_V4 = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT; Alibaba's metadata service
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's metadata and health service, though it looks public
        "169.254.0.0/16",  # link-local; the metadata service of most clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments; Oracle's metadata service
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays, withdrawn
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
_PUBLIC_V6 = ipaddress.IPv6Network("2000::/3")  # all that IANA has given out; whatever lies outside is special
_NOT_PUBLIC_V6 = tuple(
    ipaddress.IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments, among them Teredo, which carries an IPv4 address
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which carries an IPv4 address; withdrawn
        "3fff::/20",  # documentation
    )
)
_CARRIERS_V6 = tuple(  # the last 32 bits are the IPv4 address that is really meant
    ipaddress.IPv6Network(text)
    for text in (
        "::ffff:0:0/96",  # IPv4-mapped
        "64:ff9b::/96",  # NAT64 (RFC 6052), where hosts without IPv4 reach the IPv4 internet
    )
)


class OutgoingFailed(WatchroomError):
    """The other side could not be reached, or did not answer properly or in time."""

    status = 502
    title = "The other side did not answer"
    code = "outgoing_failed"


@dataclass(frozen=True)
class Answer:
    """What came back. Header names are in lower case. ``truncated``: the body was longer than is read."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    truncated: bool = False

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def retry_after(self) -> timedelta | None:
        """How long the other side asks to wait (RFC 9110, 10.2.3: seconds or a date); at most a day."""
        value = self.headers.get("retry-after", "").strip()
        if (seconds := whole(value[:DIGITS])) is not None:
            return timedelta(seconds=min(seconds, _RETRY_AFTER_LIMIT_SECONDS))
        try:
            at = parsedate_to_datetime(value)
        except (ValueError, TypeError, IndexError):
            return None
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return min(max(at - clock.now(), timedelta(0)), timedelta(seconds=_RETRY_AFTER_LIMIT_SECONDS))


# The rule for addresses: pure.


def carried(address: Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for, if it does."""
    if isinstance(address, ipaddress.IPv6Address) and any(address in network for network in _CARRIERS_V6):
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return None


@lru_cache(maxsize=4096)
def is_public(address: Address) -> bool:
    """Whether ``address`` is an ordinary address on the internet."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_V4)
    if (inner := carried(address)) is not None:
        return is_public(inner)
    return address in _PUBLIC_V6 and not any(address in network for network in _NOT_PUBLIC_V6)


def is_permitted(address: Address, private_targets: Iterable[Network]) -> bool:
    """Whether a request may go to ``address``: it is public, or it lies in one of the permitted networks."""
    return is_public(address) or is_inside(address, private_targets)


def is_inside(address: Address, networks: Iterable[Network]) -> bool:
    """Whether ``address``, or the IPv4 address that it carries, lies in one of ``networks``."""
    forms = [address] if (inner := carried(address)) is None else [address, inner]
    return any(form in network for network in networks for form in forms if form.version == network.version)


# Names and the settings.


@cache
def _networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    found = []
    for text in texts:
        try:
            found.append(ipaddress.ip_network(text, strict=False))
        except ValueError:
            raise Refused(
                f"{text!r} is not a network.",
                field="WATCHROOM_PRIVATE_TARGETS",
                value=text,
                fix="Use networks such as 10.1.0.0/16 or fd00:1::/64, separated by commas.",
            ) from None
    return tuple(found)


def is_loopback(url: str) -> bool:
    """Whether ``url`` names this very machine, by a number or ``localhost``; the network is not asked."""
    parts = httpx.URL(url)
    found = addresses(parts.host, parts.port or 80, look_up=False)
    return bool(found) and all(parse_address(each).is_loopback for each in found)


def private_targets() -> tuple[Network, ...]:
    """The networks inside the walls that requests may be sent to.

    :raises Refused: WATCHROOM_PRIVATE_TARGETS holds something that is not a network.
    """
    return _networks(tuple(conf.current().private_targets))


@lru_cache(maxsize=4096)
def parse_address(text: str) -> Address:
    """An address as the resolver writes it; a zone (``fe80::1%eth0``) is left out.

    :raises ValueError: it is not an address.
    """
    return ipaddress.ip_address(text.partition("%")[0])


def addresses(host: str, port: int, *, look_up: bool = True) -> list[str]:
    """The addresses of ``host``, each once, in the resolver's order.

    Without ``look_up`` only numbers, in any notation (``127.1``, ``0x7f000001``), and ``localhost`` are understood and
    the network is not asked; empty for any other name.

    :raises OSError: the name can't be resolved.
    """
    if not look_up and (host.rstrip(".") == "localhost" or host.rstrip(".").endswith(".localhost")):
        return ["127.0.0.1", "::1"]
    flags = 0 if look_up else socket.AI_NUMERICHOST
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=flags)
    except (OSError, UnicodeError) as error:
        if not look_up:
            return []
        raise OSError(str(error)) from error
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))


def origin(url: str | httpx.URL) -> str:
    """Scheme, host and port of ``url``: what may be shown of an address whose path or query is a secret."""
    parts = httpx.URL(url) if isinstance(url, str) else url
    host = f"[{parts.host}]" if ":" in parts.host else parts.host
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")


def forbidden(shown: str, address: str = "", *, field: str = "url", public_only: bool = False) -> Refused:
    """The refusal of a target; ``shown`` is put in words, so it must hold no secret."""
    inner = f" ({address})" if address and address not in shown else ""
    return Refused(
        f"Watchroom does not send to {shown}{inner}: it is not an address on the public internet.",
        field=field,
        value=shown,
        fix="Use a public address."
        if public_only
        else "Use a public address, or permit its network with WATCHROOM_PRIVATE_TARGETS, "
        f"for example {address + ('/128' if ':' in address else '/32') if address else '10.1.0.0/16'}.",
    )


def check_url(url: object, *, field: str = "url", public_only: bool = False) -> str:
    """``url``, tidied, if a request could be sent there. For input: it never asks the network. ``public_only``: as in
    :func:`fetch`.

    A name that resolves to a forbidden address is found only by :func:`fetch`, which judges every address it uses.

    :raises Refused: it is not an http(s) address, or it is plainly a forbidden one (``http://127.0.0.1``).
    """
    return str(_parse(url, field, public_only))


@lru_cache(maxsize=1024)  # the same few addresses again and again; taking one apart costs as much as sending to it
def _taken_apart(text: str) -> httpx.URL:
    return httpx.URL(text)


def _permitted_networks(public_only: bool) -> tuple[Network, ...]:
    return () if public_only else private_targets()


def _parse(url: object, field: str, public_only: bool = False) -> httpx.URL:
    text = url.strip() if isinstance(url, str) else ""
    try:
        parsed = _taken_apart(text)
        fine = (
            parsed.scheme in {"http", "https"}
            and bool(parsed.host)
            and len(text) <= _URL_LIMIT
            and (parsed.port or 1) <= 65_535
        )
    except (httpx.InvalidURL, ValueError):
        fine = False
    if not fine:
        # What was typed may hold a password, so no more of a URL than its scheme is repeated.
        shown = text.partition("://")[0][:20] + "://…" if "://" in text else text[:200]
        raise Refused(
            "That is not a web address.",
            field=field,
            value=shown,
            fix="Use a full address of at most 2000 characters, such as https://hooks.example.org/watchroom.",
        )
    allowed = _permitted_networks(public_only)
    found = addresses(parsed.host, parsed.port or 0, look_up=False)
    if found and not any(is_permitted(parse_address(each), allowed) for each in found):
        raise forbidden(origin(parsed), found[0], field=field, public_only=public_only)
    return parsed.copy_with(fragment=None) if "#" in text else parsed


# The request.


@lru_cache(maxsize=64)
def _tls(ca: str = "", identity: str = "") -> ssl.SSLContext:
    """Certificates are checked against certifi's list, or SSL_CERT_FILE / SSL_CERT_DIR where an operator sets one; with
    ``ca`` (PEM) against that alone. ``identity``: our own certificate and its key (PEM), for a server that asks who we are."""
    context = ssl.create_default_context(cadata=ca) if ca else httpx.create_ssl_context()
    context.set_alpn_protocols(["http/1.1"])
    if identity:
        with _as_file(identity) as path:
            context.load_cert_chain(path, password="")  # never asks on a terminal
    return context


@contextmanager
def _as_file(secret: str) -> Iterator[str]:
    """A path from which ``secret`` can be read meanwhile; where the system can, it never lies on a disk."""
    if hasattr(os, "memfd_create"):
        with os.fdopen(os.memfd_create("identity"), "wb") as file:
            file.write(secret.encode())
            file.flush()
            yield f"/proc/self/fd/{file.fileno()}"
    else:
        with tempfile.NamedTemporaryFile() as file:
            file.write(secret.encode())
            file.flush()
            yield file.name


def is_ca(pem: str) -> bool:
    """Whether ``pem`` can be used as ``ca``."""
    try:
        ssl.create_default_context(cadata=pem)
    except (ssl.SSLError, ValueError, TypeError):  # the last one: it is not ASCII
        return False
    return True


def is_identity(pem: str) -> bool:
    """Whether ``pem`` can be used as ``identity``: a certificate, and the key that belongs to it, without a passphrase."""
    try:
        _tls(identity=pem)
    except (ssl.SSLError, ValueError):
        return False
    return True


def fetch(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    content: bytes = b"",
    timeout_seconds: float = TIMEOUT_SECONDS,
    limit_bytes: int = BODY_LIMIT_BYTES,
    ca: str = "",
    identity: str = "",
    public_only: bool = False,
    keep: bool = False,
) -> Answer:
    """Send one request and read its answer, whatever its status; a redirect is an answer like any other.

    ``timeout_seconds`` is for all of it after the name has been resolved. At most ``limit_bytes`` of the body (64 KB) are read.
    ``ca`` (PEM) is who vouches for the server, instead of the usual ones; ``identity`` (PEM) our own certificate with its key.
    ``public_only``: the address is a stranger's, for whom nobody permitted WATCHROOM_PRIVATE_TARGETS.
    ``keep``: keep the connection for some seconds, for the next request to the same place. Only for what its receiver knows
    again by a key if it comes twice: see :func:`.wire.ask`.
    A user name and password in the URL are sent as HTTP Basic. No message names more of the URL than :func:`origin`.

    :raises Refused: the URL is not an http(s) one, or leads to an address that is not permitted.
    :raises OutgoingFailed: no connection, no answer in time, or not HTTP.
    """
    target = _parse(url, "url", public_only)
    shown = origin(target)
    sent = {"User-Agent": "Watchroom", "Accept": "*/*", "Accept-Encoding": "identity"}
    if not keep:
        sent["Connection"] = "close"
    if target.userinfo:
        pair = f"{target.username}:{target.password}".encode()
        sent["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    deadline = clock.monotonic() + timeout_seconds
    try:
        bare = target.copy_with(userinfo=None) if target.userinfo else target
        request = httpx.Request(method, bare, headers={**sent, **(headers or {})}, content=content)
        head = h11.Request(method=request.method, target=bare.raw_path, headers=request.headers.raw)
        places = _places(bare, shown, _tls(ca, identity) if bare.scheme == "https" else None, public_only)
        answer = wire.ask(places, head, content, deadline=deadline, limit=limit_bytes, keep=keep)
    except TimeoutError:
        raise OutgoingFailed(f"{shown} did not answer within {timeout_seconds:g} s.") from None
    except (h11.RemoteProtocolError, OSError) as error:
        raise OutgoingFailed(
            f"{shown} could not be reached: {str(error).rstrip('.') or type(error).__name__}."
        ) from None
    except (h11.LocalProtocolError, ValueError, TypeError):
        # A header that can't be sent. Its text may be a secret, so it is not repeated.
        raise OutgoingFailed(f"The request to {shown} holds a header that can't be sent.") from None
    return Answer(
        status=answer.status,
        headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers},
        body=answer.body,
        truncated=answer.truncated,
    )


def _places(target: httpx.URL, shown: str, tls: ssl.SSLContext | None, public_only: bool) -> list[wire.Place]:
    """Where a request may go: its name is resolved for each request, and every address is judged. Whether a connection to one of
    them is there already makes no difference."""
    host, port = target.raw_host.decode("ascii"), target.port or (443 if tls else 80)
    try:
        found = addresses(host, port)
    except OSError as error:
        raise OSError(f"the name can't be resolved ({error})") from error
    allowed = _permitted_networks(public_only)
    permitted = [each for each in found if is_permitted(parse_address(each), allowed)]
    if not permitted:
        raise forbidden(shown, found[0] if found else "", public_only=public_only)
    return [wire.Place(each, port, host, tls) for each in permitted]
