"""People and groups as SCIM says them (RFC 7643), and back: values in, values out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .patching import Resource, ScimError, get

CORE = "urn:ietf:params:scim:schemas:core:2.0"
MESSAGES = "urn:ietf:params:scim:api:messages:2.0"
USER, GROUP = f"{CORE}:User", f"{CORE}:Group"


@dataclass(frozen=True)
class WantedUser:
    """Somebody as a provider wants them. ``user_name`` is its name for them, ``email`` where they are known here by; ``active`` None: not said."""

    user_name: str
    email: str
    name: str
    active: bool | None
    external_id: str
    timezone: str


@dataclass(frozen=True)
class WantedGroup:
    """A group as a provider wants it; ``members`` are numbers of people, None: not said."""

    name: str
    external_id: str
    members: frozenset[int] | None


def user_resource(
    number: int, *, user_name: str, email: str, name: str, active: bool, external_id: str, timezone: str, joined_at: datetime,
    base: str, groups: list[tuple[int, str]],
) -> Resource:  # fmt: skip
    """Somebody, as they are told."""
    given, _, family = name.partition(" ")
    return {
        "schemas": [USER],
        "id": str(number),
        **({"externalId": external_id} if external_id else {}),
        "userName": user_name,
        "displayName": name,
        "name": {"formatted": name, "givenName": given, "familyName": family},
        "emails": [{"value": email, "type": "work", "primary": True}],
        "active": active,
        "timezone": timezone,
        "groups": [{"value": str(key), "display": group, "$ref": f"{base}/Groups/{key}"} for key, group in groups],
        "meta": {"resourceType": "User", "created": joined_at.isoformat(), "location": f"{base}/Users/{number}"},
    }


def group_resource(
    number: int, *, name: str, external_id: str, members: list[tuple[int, str]] | None, base: str
) -> Resource:
    """A group, as it is told; without its members where those were not asked for."""
    told: Resource = {
        "schemas": [GROUP],
        "id": str(number),
        **({"externalId": external_id} if external_id else {}),
        "displayName": name,
        "meta": {"resourceType": "Group", "location": f"{base}/Groups/{number}"},
    }
    if members is not None:
        told["members"] = [
            {"value": str(key), "display": person, "$ref": f"{base}/Users/{key}"} for key, person in members
        ]
    return told


def wanted_user(body: Any, before: Resource | None = None) -> WantedUser:
    """What a User says. ``before`` is what it said until now: of its several names the one that has changed counts.

    :raises ScimError: it says no name for them, or nothing by which they could be known.
    """
    if not isinstance(body, dict):
        raise ScimError(400, "A User is a JSON object.", "invalidSyntax")
    user_name = _text(body, "userName")
    if not user_name:
        raise ScimError(400, "userName is missing.", "invalidValue")
    emails = [each for each in _list(body, "emails") if isinstance(each, dict) and get(each, "value")]
    chosen = next((each for each in emails if _flag(get(each, "primary", False))), emails[0] if emails else {})
    # A name that is an address is the one by which people sign in; an address that is changed by itself counts, too.
    email = user_name if "@" in user_name else str(get(chosen, "value") or "")
    if before is not None and user_name == get(before, "userName") and emails and emails != before.get("emails"):
        email = str(get(chosen, "value"))
    return WantedUser(
        user_name=user_name,
        email=email.strip().lower(),
        name=_name(body, before) or email.partition("@")[0],
        active=None if get(body, "active") is None else _flag(get(body, "active")),
        external_id=_text(body, "externalId"),
        timezone=_text(body, "timezone"),
    )


def _name(body: Resource, before: Resource | None) -> str:
    def said(resource: Resource) -> list[str]:
        inner = get(resource, "name")
        inner = inner if isinstance(inner, dict) else {}
        parts = f"{_text(inner, 'givenName')} {_text(inner, 'familyName')}".strip()
        return [_text(resource, "displayName"), _text(inner, "formatted"), parts]

    now = said(body)
    if before is not None:
        changed = [new for new, old in zip(now, said(before), strict=True) if new and new != old]
        return changed[0] if changed else now[0]
    return next((each for each in now if each), "")


def wanted_group(body: Any) -> WantedGroup:
    """What a Group says.

    :raises ScimError: it has no name, or members that are nobody's numbers.
    """
    if not isinstance(body, dict):
        raise ScimError(400, "A Group is a JSON object.", "invalidSyntax")
    if not (name := _text(body, "displayName")):
        raise ScimError(400, "displayName is missing.", "invalidValue")
    said = get(body, "members")
    members = None
    if said is not None:
        members = frozenset(
            _number(get(each, "value") if isinstance(each, dict) else each) for each in _list(body, "members")
        )
    return WantedGroup(name, _text(body, "externalId"), members)


def _number(written: Any) -> int:
    text = str(written)
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise ScimError(400, f"A member is named by the id of a User, not by {text[:60]!r}.", "invalidValue")
    return int(text)


def _list(body: Resource, name: str) -> list[Any]:
    said = get(body, name)
    return said if isinstance(said, list) else [] if said is None else [said]


def _text(body: Resource, name: str) -> str:
    said = get(body, name)
    if said is not None and not isinstance(said, (str, int)):
        raise ScimError(400, f"{name} is a text.", "invalidValue")
    return "" if said is None else str(said).strip()


def _flag(said: Any) -> bool:
    """Entra ID writes it as a text."""
    if isinstance(said, bool):
        return said
    if str(said).strip().lower() in {"true", "false"}:
        return str(said).strip().lower() == "true"
    raise ScimError(400, "active is true or false.", "invalidValue")


def list_response(resources: list[Resource], total: int, start: int) -> Resource:
    """A page of resources; ``start`` counts from 1."""
    return {
        "schemas": [f"{MESSAGES}:ListResponse"],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": len(resources),
        "Resources": resources,
    }
