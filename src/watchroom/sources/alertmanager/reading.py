"""From the body of ``POST /api/v2/alerts`` (of v1, too: it is the same) to drafts. Pure: the same bytes give the same drafts.

As in Alertmanager, the good alerts of a batch count even when others are bad.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec

from ..base import Draft, Parsed, Problem, Severity
from .fingerprint import fingerprint
from .times import parse_time
from .wording import severity, title

_LINK_LIMIT = 2000  # characters, as the table has it
_SHOWN_LIMIT = 120
_SUMMARY_LIMIT = 1000  # characters of it that are looked at for a title


class Alert(msgspec.Struct):
    """One alert as it is sent. Other fields are passed over."""

    labels: dict[str, str]
    annotations: dict[str, str] = {}
    startsAt: str = ""
    endsAt: str = ""
    generatorURL: str = ""


class LenientAlert(msgspec.Struct):
    """The same with ``null``, which Go takes for "nothing"."""

    labels: dict[str, str | None] | None = None
    annotations: dict[str, str | None] | None = None
    startsAt: str | None = None
    endsAt: str | None = None
    generatorURL: str | None = None


class Unusable(Exception):
    """This alert is not accepted."""

    def __init__(self, field: str, value: object, fix: str) -> None:
        super().__init__(field)
        self.field, self.value, self.fix = field, value, fix

    def problem(self, position: int | None = None) -> Problem:
        shown = self.value if isinstance(self.value, str) else repr(self.value)
        shown = shown if len(shown) <= _SHOWN_LIMIT else shown[: _SHOWN_LIMIT - 1] + "…"
        return Problem(self.field if position is None else f"[{position}].{self.field}", shown, self.fix)


_batch = msgspec.json.Decoder(list[Alert])
_pieces = msgspec.json.Decoder(list[msgspec.Raw])
_lenient = msgspec.json.Decoder(LenientAlert)
_BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def read(body: bytes, received_at: datetime, resolve_timeout: timedelta) -> Parsed:
    """The drafts of a batch, and a problem for each alert that is not accepted."""
    try:
        alerts: list[Any] = list(_batch.decode(body))
    except _BROKEN:
        try:
            alerts = [*map(_one, _pieces.decode(body))]
        except _BROKEN as error:
            return Parsed(problems=(_unreadable(body, error).problem(),))

    drafts: list[Draft] = []
    problems: list[Problem] = []
    clean = b"\\u0000" in body  # the only way in which JSON can say NUL, which PostgreSQL can't store in a text
    for position, alert in enumerate(alerts):
        try:
            if isinstance(alert, Unusable):
                raise alert
            drafts.append(_draft(_without_nul(alert) if clean else alert, received_at, resolve_timeout))
        except Unusable as unusable:
            problems.append(unusable.problem(position))
    return Parsed(tuple(drafts), tuple(problems))


def all_good(body: bytes, received_at: datetime, resolve_timeout: timedelta) -> bool:
    """Whether :func:`read` would accept every alert of this batch. It costs a third of reading them; in doubt, no."""
    try:
        alerts = _batch.decode(body)
    except _BROKEN:
        return False
    for alert in alerts:
        labels = alert.labels
        if not labels or "" in labels or "" in labels.values():
            return False
        if alert.startsAt or alert.endsAt:
            try:
                _times(alert, received_at, resolve_timeout)
            except Unusable:
                return False
    return True


def _one(raw: msgspec.Raw) -> Alert | Unusable:
    """One alert of a batch that is not good as a whole."""
    try:
        sent = _lenient.decode(raw)
    except _BROKEN as error:
        return _unreadable(bytes(raw), error, "alert")
    return Alert(
        labels={name: value or "" for name, value in (sent.labels or {}).items()},
        annotations={name: value or "" for name, value in (sent.annotations or {}).items()},
        startsAt=sent.startsAt or "",
        endsAt=sent.endsAt or "",
        generatorURL=sent.generatorURL or "",
    )


def _unreadable(body: bytes, error: Exception, field: str = "body") -> Unusable:
    shown = body[:_SHOWN_LIMIT].decode(errors="replace")
    if isinstance(error, UnicodeDecodeError):
        return Unusable(field, shown, "send JSON in UTF-8.")
    if isinstance(error, RecursionError):
        return Unusable(field, shown, "send JSON that is not nested so deeply.")
    reason, _, place = str(error).partition(" - at `$")
    name = place.rstrip("`").replace("[...]", "").lstrip(".")
    where = ".".join(filter(None, (field if field == "body" else "", name))) or field
    return Unusable(where, shown, f"send a JSON array of alerts as Alertmanager's API v2 has them: {reason}.")


def _without_nul(alert: Alert) -> Alert:
    def clean(text: str) -> str:
        return text.replace("\0", "\N{REPLACEMENT CHARACTER}")

    return Alert(
        labels={clean(name): clean(value) for name, value in alert.labels.items()},
        annotations={clean(name): clean(value) for name, value in alert.annotations.items()},
        startsAt=alert.startsAt,
        endsAt=alert.endsAt,
        generatorURL=clean(alert.generatorURL),
    )


def _time(field: str, text: str) -> datetime | None:
    try:
        return parse_time(text)
    except ValueError:
        raise Unusable(field, text, "use a time as in RFC 3339, such as 2026-03-02T09:00:00Z.") from None


def _times(alert: Alert, received_at: datetime, resolve_timeout: timedelta) -> tuple[datetime, datetime, bool]:
    """When it began, when it ends, and whether its sender said the latter."""
    starts_at, ends_at = _time("startsAt", alert.startsAt), _time("endsAt", alert.endsAt)
    stated_end = ends_at is not None
    starts_at = starts_at or ends_at or received_at
    ends_at = ends_at or received_at + resolve_timeout
    if ends_at < starts_at:
        if stated_end:
            raise Unusable("endsAt", alert.endsAt, f"the end must not be before the start, {alert.startsAt}.")
        raise Unusable("startsAt", alert.startsAt, "the start must not be so far in the future.")
    return starts_at, ends_at, stated_end


@lru_cache(maxsize=8192)  # a firing alert is sent again every minute or so, with the same words
def _told_by(labels: tuple[tuple[str, str], ...], summary: str) -> tuple[str, str, Severity]:
    """Identity, title and severity of what has these labels."""
    named = dict(labels)
    return fingerprint(named), title(named, summary), severity(named)


def _draft(alert: Alert, received_at: datetime, resolve_timeout: timedelta) -> Draft:
    labels = alert.labels
    if "" in labels.values():  # an empty value means that there is no such label
        labels = {name: value for name, value in labels.items() if value}
    if not labels:
        raise Unusable("labels", labels, "give at least one label with a value.")
    if "" in labels:
        raise Unusable("labels", labels, "give every label a name.")

    starts_at, ends_at, stated_end = _times(alert, received_at, resolve_timeout)
    key, called, bad = _told_by(tuple(labels.items()), alert.annotations.get("summary", "")[:_SUMMARY_LIMIT])
    return Draft(
        dedup_key=key,
        title=called,
        severity=bad,
        labels=labels,
        starts_at=starts_at,
        ends_at=ends_at,
        stated_end=stated_end,
        annotations=alert.annotations,
        link=alert.generatorURL if len(alert.generatorURL) <= _LINK_LIMIT else "",
    )
