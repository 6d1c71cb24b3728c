"""Who asks, and under which address, when there are reverse proxies in between. Only those we know are believed."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """The addresses and networks (CIDR) of a setting.

    :raises ValueError: one of them is neither.
    """
    return tuple(ipaddress.ip_network(text, strict=False) for text in texts)


def address(text: str) -> Address | None:
    """An address as a socket or a header has it; ``None`` when it is none."""
    text = text.strip()
    if text.startswith("["):  # [2001:db8::1]:1234
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:  # 192.0.2.1:1234
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def is_trusted(peer: str, trusted: tuple[Network, ...]) -> bool:
    """Whether ``peer`` is one of our own proxies."""
    found = address(peer) if trusted else None
    return found is not None and any(found in network for network in trusted)


def client(peer: str, forwarded_for: str, trusted: tuple[Network, ...]) -> str:
    """The address of who asks: the last one on the way that is not a proxy of ours."""
    if not is_trusted(peer, trusted):
        found = address(peer)
        return str(found) if found else peer
    hops = [found for hop in forwarded_for.split(",") if (found := address(hop))]
    for hop in reversed(hops):
        if not any(hop in network for network in trusted):
            return str(hop)
    return str(hops[0]) if hops else str(address(peer))


def is_loopback(text: str) -> bool:
    found = address(text)
    return found is not None and found.is_loopback
