"""Under which names a page is reached, and from where."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

from ...kernel.errors import Refused

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+{_LABEL}")


def checked_domain(text: str, own: str, others: Iterable[str] = ()) -> str:
    """A host name as a browser sends it; empty for none. ``others``: further names under which Watchroom itself answers.

    :raises Refused: it is not one, or it is Watchroom's ``own``.
    """
    domain = text.strip().rstrip(".").lower()
    if domain and domain in {each.lower() for each in others}:
        raise Refused(
            "Under this name Watchroom itself answers, so that the page would never be seen.",
            field="domain",
            value=domain,
            fix="Take it out of WATCHROOM_ALLOWED_HOSTS: a status page's domain needs no such entry.",
        )
    if domain and (not _DOMAIN.fullmatch(domain) or len(domain) > 253 or domain == own.lower()):
        raise Refused(
            "That is not a domain that a status page can have.",
            field="domain",
            value=text[:253],
            fix="Use a bare host name of its own such as status.example.org, and point its DNS here.",
        )
    return domain


def checked_network(text: str) -> str:
    """An address or a network (CIDR).

    :raises Refused: it is neither.
    """
    try:
        return str(ipaddress.ip_network(text.strip(), strict=False))
    except ValueError:
        raise Refused(
            "That is not a network.", field="networks", value=text[:100], fix="Use networks such as 10.1.0.0/16."
        ) from None


def whose(address: str) -> str:
    """Under what somebody's tries are counted: an IPv4 address, or the /64 of an IPv6 one, all of which is one customer's."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False))


def is_from(address: str, networks: Iterable[str]) -> bool:
    """Whether a reader's address lies in one of the networks; an IPv4 address inside an IPv6 one counts as itself."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return any(found in ipaddress.ip_network(each, strict=False) for each in networks)
