"""Pure decisions about services: their labels and links, and that nothing needs itself."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from ..kernel.errors import Refused

_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]{0,63}")
LINK_KINDS = ("runbook", "dashboard", "logs", "traces", "repository", "docs", "other")


def cycle(needs: Mapping[int, Iterable[int]], service: int, wanted: Collection[int]) -> tuple[int, ...]:
    """The way from ``service`` back to itself if it needed ``wanted`` beside what all others need; empty if there is none.

    The first and the last of the way are ``service``. Iterative, so that a long chain of services is no trouble.
    """
    came_from: dict[int, int] = {}
    waiting = list(dict.fromkeys(wanted))
    for start in waiting:
        came_from[start] = service
    while waiting:
        at = waiting.pop(0)
        if at == service:
            way = [service]
            step = came_from[service]
            while step != service:
                way.append(step)
                step = came_from[step]
            return (service, *reversed(way))
        for following in needs.get(at, ()):
            if following not in came_from:
                came_from[following] = at
                waiting.append(following)
    return ()


def checked_labels(labels: Mapping[str, Any]) -> dict[str, str]:
    """Labels as they are kept: text to text, in order of their names.

    :raises Refused: a name that can't be one, or a value that is too long.
    """
    clean = {}
    for name, value in sorted(labels.items()):
        text = str(value).strip()
        if not _LABEL.fullmatch(str(name)):
            raise Refused(
                "That can't be a label's name.",
                field="labels",
                value=name,
                fix="Begin with a letter; use letters, digits, and _ . / - up to 64 characters.",
            )
        if len(text) > 200:
            raise Refused(
                f"The value of the label {name} is too long.",
                field="labels",
                value=text[:50],
                fix="Use at most 200 characters.",
            )
        clean[str(name)] = text
    return clean


def labels_from(text: str) -> dict[str, str]:
    """Labels from lines (or a comma-separated list) of ``name=value``.

    :raises Refused: a line without ``=``.
    """
    found = {}
    for line in re.split(r"[\n,]", text):
        if line.strip():
            name, equals, value = line.partition("=")
            if not equals:
                raise Refused(
                    "A label is a name and a value.",
                    field="labels",
                    value=line.strip()[:100],
                    fix="Write it like region=eu-west.",
                )
            found[name.strip()] = value.strip()
    return checked_labels(found)


def checked_link(number: int, link: Mapping[str, Any]) -> tuple[str, str, str]:
    """A link as kind, label and address.

    :raises Refused: an unknown kind, or an address that is not http or https.
    """
    kind, url = str(link.get("kind") or "other"), str(link.get("url") or "").strip()
    if kind not in LINK_KINDS:
        raise Refused(
            "There is no such kind of link.",
            field=f"links[{number}].kind",
            value=kind,
            fix=f"Use one of {', '.join(LINK_KINDS)}.",
        )
    try:
        parts = urlsplit(url)
        fine = (
            parts.scheme in {"http", "https"}
            and bool(parts.hostname)
            and len(url) <= 1000
            and not re.search(r"[\s<>\"]", url)
        )
    except ValueError:
        fine = False
    if not fine:
        raise Refused(
            "That is not an address.",
            field=f"links[{number}].url",
            value=url[:200],
            fix="Write it in full, such as https://wiki.example.org/checkout.",
        )
    label = " ".join(str(link.get("label") or "").split())[:100]
    return kind, label or {"docs": "Documentation"}.get(kind, kind.capitalize() if kind != "other" else url[:100]), url


def links_from(text: str) -> list[dict[str, str]]:
    """Links from lines of ``kind address label``, such as ``runbook https://… When checkout is slow``.

    Kind and label may be left out. Whether the address can be one is checked by :func:`checked_link`.
    """
    found = []
    for line in text.splitlines():
        words = line.split()
        if words:
            kind = (
                words.pop(0).lower().rstrip(":")
                if words[0].lower().rstrip(":") in LINK_KINDS and len(words) > 1
                else "other"
            )
            found.append({"kind": kind, "url": words[0], "label": " ".join(words[1:])})
    return found
