"""Silences in the form of Alertmanager's API v2, with its rules of when a change makes a new one."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import QueryDict

from ....accounts.actors import Actor
from ....kernel import clock
from ....kernel.errors import NotAllowed, NotFound, Refused
from ...commands.silences import expire_silence, extend_silence, save_silence
from ...matchers import Matcher, checked, matcher
from ...models import Integration, Silence
from .alerts import read_filters
from .forms import flag, shown_time


class Malformed(Exception):
    """The body is not what the API's schema asks for."""


class Test(msgspec.Struct):
    """A matcher as it is sent."""

    name: str
    value: str
    isRegex: bool
    isEqual: bool | None = None  # none: it is the older form, which knows no "not"


class Sent(msgspec.Struct):
    """A silence as it is sent."""

    matchers: list[Test]
    startsAt: datetime
    endsAt: datetime
    createdBy: str
    comment: str
    id: str | None = None


_sent = msgspec.json.Decoder(Sent)
_STATES = ("active", "pending", "expired")


def _of(integration: Integration) -> QuerySet[Silence]:
    return Silence.objects.filter(Q(team=None) | Q(team=integration.team_id))


def _one(integration: Integration, number: str) -> Silence:
    try:
        found = _of(integration).filter(uuid=UUID(number)).first()
    except ValueError:
        raise Malformed(f"silenceID in path must be of type uuid: {number[:60]!r}") from None
    if found is None:
        raise NotFound(f"silence {number} not found.")
    return found


def _parts(stated: Matcher) -> dict[str, Any]:
    return {
        "name": stated.name,
        "value": stated.value,
        "isRegex": stated.op in {"=~", "!~"},
        "isEqual": stated.op in {"=", "=~"},
    }


def _shown(silence: Silence) -> dict[str, Any]:
    return {
        "id": str(silence.uuid),
        "status": {"state": silence.state},
        "updatedAt": shown_time(silence.updated_at),
        "matchers": [_parts(matcher(text)) for text in silence.matchers],
        "startsAt": shown_time(silence.starts_at),
        "endsAt": shown_time(silence.ends_at),
        "createdBy": silence.author_name,
        "comment": silence.comment,
    }


def one(integration: Integration, number: str) -> dict[str, Any]:
    """`GET /silence/{id}`.

    :raises NotFound: there is none that this integration may see.
    """
    return _shown(_one(integration, number))


def listed(integration: Integration, given: QueryDict) -> list[dict[str, Any]]:
    """`GET /silences`: active ones by their end, pending by their start, expired latest first. A filter asks for silences
    that have this very matcher.

    :raises Refused: a filter or a flag can't be read.
    """
    wanted = [state for state in _STATES if flag(given, state)]
    filters = {str(each) for each in read_filters(given)}
    found: dict[str, list[Silence]] = {state: [] for state in _STATES}
    rows = _of(integration) if "expired" in wanted else _of(integration).filter(ends_at__gt=clock.now())
    for silence in rows:
        if silence.state in wanted and filters <= set(silence.matchers):
            found[silence.state].append(silence)
    found["active"].sort(key=lambda each: each.ends_at)
    found["pending"].sort(key=lambda each: each.starts_at)
    found["expired"].sort(key=lambda each: each.ends_at, reverse=True)
    return [_shown(silence) for state in _STATES for silence in found[state]]


def save(integration: Integration, body: bytes) -> dict[str, str]:
    """`POST /silences`: a new one, or a change of the one with this id. A change of matchers, or of when an active one
    began, ends it and makes another, as in Alertmanager. Of one that repeats only the end of the present occurrence may be
    changed. Whatever is refused leaves all as it was.

    :raises Malformed: the body does not follow the schema.
    :raises Refused: what it says is not accepted, or would hold nearly everything.
    :raises NotFound: there is none with this id.
    :raises NotAllowed: it is not the silence of this integration's team.
    """
    sent = _read(body)
    now = clock.now()
    wanted = [_matcher(test) for test in sent.matchers]
    if sent.endsAt <= sent.startsAt:
        raise Refused("Failed to create silence: start time must be before end time.")
    if sent.endsAt <= now:
        raise Refused("Failed to create silence: end time can't be in the past.")
    ending = f" (through {integration.name})"
    by = Actor(kind="integration", name=sent.createdBy.removesuffix(ending)[: max(0, 150 - len(ending))] + ending)
    texts = [str(each) for each in wanted]
    with transaction.atomic():
        old = _one(integration, sent.id) if sent.id else None
        if old is not None:
            _must_be_ours(integration, old)
        starts_at = max(sent.startsAt, now)
        stays = old is not None and _stays(old, texts, sent, now)
        if old is not None and old.repeats:
            if not stays or abs(sent.startsAt - old.starts_at).total_seconds() >= 1:
                raise Refused("Failed to create silence: this one repeats, and is changed in Watchroom itself.")
            return {"silenceID": str(extend_silence(by, old, sent.endsAt).uuid)}
        if old is not None and stays:
            starts_at = old.starts_at if old.state == "active" else sent.startsAt
        elif old is not None:
            expire_silence(by, old)
            old = None
        saved = save_silence(
            by,
            old,
            matchers=texts,
            starts_at=starts_at,
            ends_at=sent.endsAt,
            comment=sent.comment[:500],
            team=integration.team,
        )
    return {"silenceID": str(saved.uuid)}


def _stays(old: Silence, texts: list[str], sent: Sent, now: datetime) -> bool:
    """Whether the change keeps the silence what it is."""
    if old.matchers != texts or old.state == "expired":
        return False
    if old.state == "active":
        return old.starts_at.replace(microsecond=0) == sent.startsAt.astimezone(old.starts_at.tzinfo).replace(
            microsecond=0
        )
    return sent.startsAt >= now


def expire(integration: Integration, number: str) -> None:
    """`DELETE /silence/{id}`: end it now, for good if it repeats. What has ended stays as it is.

    :raises NotFound: there is none that this integration may see.
    :raises NotAllowed: it is not the silence of this integration's team.
    """
    silence = _one(integration, number)
    _must_be_ours(integration, silence)
    expire_silence(Actor(kind="integration", name=integration.name), silence)


def _must_be_ours(integration: Integration, silence: Silence) -> None:
    if silence.team_id != integration.team_id:
        raise NotAllowed("This silence is everybody's, not this team's alone.", fix="Change it in Watchroom.")


def _matcher(test: Test) -> Matcher:
    op = {(True, False): "=", (False, False): "!=", (True, True): "=~", (False, True): "!~"}[
        test.isEqual is not False, test.isRegex
    ]
    if not test.name:
        raise Refused("invalid silence: a matcher needs the name of a label.")
    try:
        return checked(Matcher(test.name, op, test.value))
    except ValueError as error:
        raise Refused(f"invalid silence: {error}.") from None


def _read(body: bytes) -> Sent:
    try:
        sent = _sent.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(str(error)) from None
    for name, at in (("startsAt", sent.startsAt), ("endsAt", sent.endsAt)):
        if at.tzinfo is None:
            raise Malformed(f"{name} in body must have an offset, such as Z")
    if not sent.matchers:
        raise Malformed("matchers in body should have at least 1 items")
    if b"\\u0000" in body:
        raise Malformed("a text in the body has the letter NUL")
    return sent
