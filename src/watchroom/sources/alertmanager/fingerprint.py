"""The identity of an alert: the same number that Prometheus and Alertmanager compute from its labels."""

from __future__ import annotations

_START, _PRIME, _64_BITS = 0xCBF29CE484222325, 0x100000001B3, 0xFFFF_FFFF_FFFF_FFFF


def fingerprint(labels: dict[str, str]) -> str:
    """FNV-1a, 64 bits, over the labels sorted by name, with the byte 0xFF after each name and each value; in hex."""
    state = _START
    for byte in b"".join(b"%b\xff%b\xff" % (name.encode(), value.encode()) for name, value in sorted(labels.items())):
        state = (state ^ byte) * _PRIME & _64_BITS
    return f"{state:016x}"
