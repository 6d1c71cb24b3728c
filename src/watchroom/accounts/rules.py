"""Pure checks of what people write about themselves and their teams."""

from __future__ import annotations

import re
import unicodedata
import zoneinfo
from collections.abc import Iterable
from functools import cache

from ..kernel.errors import Refused

_ADDRESS = re.compile(r"[^@\s<>\"(),:;\[\]\\]+@[^@\s<>\"(),:;\[\]\\]+\.?[^@\s<>\"(),:;\[\]\\.]+")
_DOMAIN = re.compile(r"[^@\s<>\"(),:;\[\]\\/.]+(?:\.[^@\s<>\"(),:;\[\]\\/.]+)*")
_HEADER = {"name", "names", "email", "e-mail", "mail", "address", "person"}
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@cache
def timezones() -> tuple[str, ...]:
    """Every time zone that a person may choose, UTC first."""
    known = zoneinfo.available_timezones()
    return (
        "UTC",
        *sorted(
            name
            for name in known
            if "/" in name and not name.startswith(("Etc/", "SystemV/", "US/", "posix/", "right/"))
        ),
    )


def checked_timezone(name: str) -> str:
    """A time zone's name as it is.

    :raises Refused: there is no such time zone.
    """
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise Refused(
            f"There is no time zone {name!r}.",
            field="timezone",
            value=name,
            fix="Use a name of the IANA time zone database, such as Europe/Berlin or UTC.",
        ) from None
    return name


def checked_name(name: str, what: str = "a name", limit: int = 100) -> str:
    """A name without the space around it.

    :raises Refused: nothing is left, or too much.
    """
    text = " ".join(name.split())
    if not text or len(text) > limit:
        raise Refused(f"This needs {what}.", field="name", value=name[:200], fix=f"Write 1 to {limit} characters.")
    return text


def checked_email(address: str) -> str:
    """An address in the one way in which we keep it: lower case, without space around it.

    :raises Refused: it can't be an address.
    """
    text = address.strip().lower()
    if len(text) > 254 or not _ADDRESS.fullmatch(text):
        raise Refused(
            "That is not an e-mail address.", field="email", value=address[:254], fix="Write it like anna@example.org."
        )
    return text


def checked_domains(written: str | Iterable[str]) -> list[str]:
    """Domains of addresses in the one way in which we keep them, each once: lower case, without an @ in front. In a text they stand
    with commas or space between them.

    :raises Refused: naming the first that is none.
    """
    found: list[str] = []
    for each in re.split(r"[,;\s]+", written) if isinstance(written, str) else written:
        text = each.strip().lower().removeprefix("@")
        if not text:
            continue
        if len(text) > 253 or not _DOMAIN.fullmatch(text):
            raise Refused(
                f"{each[:80]!r} is not the domain of an address.",
                field="domains",
                value=each[:80],
                fix="Write what stands behind the @, like example.org, with commas between several.",
            )
        if text not in found:
            found.append(text)
    return found


def slug_of(name: str) -> str:
    """What of a name can stand in an address: "Zahlungen & Käufe" becomes "zahlungen-kaufe"."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:64].strip("-")


def checked_slug(slug: str | None, name: str, kept: str = "") -> str:
    """The slug that was asked for, else the one it had, else one made of the name.

    :raises Refused: other characters than lower-case letters, digits and single hyphens.
    """
    text = (slug or "").strip() or kept or slug_of(name)
    if not text or len(text) > 64 or not _SLUG.fullmatch(text):
        raise Refused(
            "That short name can't stand in an address.",
            field="slug",
            value=slug or name,
            fix="Use 1 to 64 lower-case letters, digits and single hyphens, such as payments-api.",
        )
    return text


def named_in(text: str, most: int = 100) -> list[tuple[str, str]]:
    """Names and addresses of people as they are pasted: one a line or with ``;`` between them, as ``Anna Ito <anna@example.org>``,
    as cells of a spreadsheet, or an address alone, of which a name is made. Nobody stands there twice.

    :raises Refused: naming the first that has no address, or too many.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        for part in re.split(r"[;,]" if line.count("@") > 1 else ";", line):
            words = re.split(r"[\s<>\"(),:;\[\]\\]+", part)
            address = next((word for word in words if _ADDRESS.fullmatch(word)), "")
            name = " ".join(word for word in words if word and word != address)
            if not name and not address:
                continue
            if number == 1 and not address and {word.lower() for word in words if word} <= _HEADER:
                continue
            if not address:
                raise Refused(
                    f"Line {number} has no e-mail address.",
                    field="people",
                    value=part.strip()[:100],
                    fix="Write it like Anna Ito <anna@example.org>.",
                )
            found.setdefault(checked_email(address), checked_name(name or _name_of(address)))
    if not found or len(found) > most:
        raise Refused(
            "Nobody is named." if not found else f"{len(found)} people are too many at once.",
            field="people",
            value=text[:100],
            fix=f"Write 1 to {most} people, each on a line of their own.",
        )
    return [(name, address) for address, name in found.items()]


def _name_of(address: str) -> str:
    words = re.split(r"[._+-]+", address.partition("@")[0])
    return " ".join(word[:1].upper() + word[1:] for word in words if word)[:100] or address[:100]
