"""An incident's history as the guards read it: from its log, roles, updates, key times and alerts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q

from ..catalog.models import NAME_AS_SLUG, Dependency, Service
from . import hooks
from .guidance import Fired, Given, Held, History, Line, Mentions, Rule, Said, Told, Tried, Tuning, all_rules, tuned
from .guidance.engine import AGAIN_AFTER
from .models import GuidanceSetting, Incident, LogEntry, Nudge, RoleAssignment
from .queries import times_of
from .rules.severities import Severity
from .severities import all_severities

_STARTED, _FINISHED = "mitigation.started", "mitigation.finished"
_SAID_BEFORE = "Started a mitigation: "
_WORD = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
_LONGEST = 6  # words of a service's name by which it is known
_MOST_KEYS = 3_000  # for which a database is asked at once


def history_of(
    incident: Incident, meanings: Mapping[int, Severity] | None = None, *, since: datetime | None = None
) -> History:
    """All that happened in it, in a constant number of queries, whatever its size. ``meanings``: of the severities, for
    whoever has read them. ``since``: what was said until then is not searched for services that are elsewhere."""
    entries = list(
        LogEntry.objects.filter(incident=incident)
        .order_by("at", "id")
        .values_list("pk", "at", "kind", "type", "text", "author", "parent", "standing", "data")
    )
    settled = {
        data["entry"]: at
        for _, at, _, type, *_, data in entries
        if type == "hypothesis.standing" and data.get("standing") in {"confirmed", "ruled_out"}
    }
    times = times_of(incident)
    pages, shown = hooks.pages_of(incident)
    is_mitigated, is_over = incident.status != Incident.Status.ACTIVE, incident.status == Incident.Status.RESOLVED
    return History(
        severity=incident.severity,
        declared_at=incident.declared_at,
        mitigated_at=times["mitigated"].at if is_mitigated and "mitigated" in times else None,
        resolved_at=times["resolved"].at if is_over and "resolved" in times else None,
        lines=tuple(
            Line(pk, at, kind, type, text, author, parent, standing, settled.get(pk))
            for pk, at, kind, type, text, author, parent, standing, _ in entries
        ),
        roles=tuple(
            Held(each.role, each.person_id, each.assigned_at, each.accepted_at, each.ended_at)
            for each in RoleAssignment.objects.filter(incident=incident).order_by("id")
        ),
        updates=tuple(
            Told(each.published_at, each.next_update_at, each.stage, each.impact)
            for each in incident.updates.order_by("id")
        ),
        tried=_tried(entries),
        alerts=tuple(
            Fired(opened, resolved)
            for opened, resolved in incident.alert_groups.order_by("id").values_list("opened_at", "resolved_at")
        ),
        impact=incident.impact,
        services=tuple(incident.services.order_by("id").values_list("slug", flat=True)),
        pages=pages,
        shown=shown,
        elsewhere=_elsewhere(incident, entries, since),
        severities=_severities(incident, entries),
        meanings=meanings or all_severities(),
    )


Entries = Iterable[tuple[int, datetime, str, str, str, int | None, int | None, str, Any]]


def _severities(incident: Incident, entries: Entries) -> tuple[tuple[datetime, int], ...]:
    """From when on it was of which severity, as the log says."""
    changed = [(at, data) for _, at, _, type, *_, data in entries if type == "incident.severity_changed"]
    found = [(at, int(data["to"])) for at, data in changed]
    first = int(changed[0][1]["from"]) if changed else incident.severity
    return ((incident.declared_at, first), *found)


def _elsewhere(incident: Incident, entries: Entries, since: datetime | None) -> tuple[Mentions, ...]:
    """Lines and tasks that name services which are neither the incident's nor next to one of them. An incident without
    a service has no elsewhere."""
    own = set(incident.services.values_list("pk", flat=True))
    if not own:
        return ()
    near = set(own)
    for pair in Dependency.objects.filter(Q(service__in=own) | Q(needs__in=own)).values_list("service", "needs"):
        near |= set(pair)
    said = [(at, text) for _, at, kind, _, text, *_ in entries if kind != LogEntry.Kind.SYSTEM]
    said += incident.tasks.values_list("created_at", "text")
    said = [(at, text) for at, text in said if since is None or at > since]
    named = _services_like(text for _, text in said)
    begins: dict[str, int] = {}  # by their first word, how many the longest of them has
    for key in named:
        first, length = key.partition("-")[0], key.count("-") + 1
        begins[first] = max(begins.get(first, 1), length)
    found = ((at, {name for pk, name in _named_in(text, named, begins) if pk not in near}) for at, text in said)
    return tuple(
        Mentions(at, frozenset(services)) for at, services in sorted(found, key=lambda each: each[0]) if services
    )


def _services_like(texts: Iterable[str]) -> dict[str, tuple[int, str]]:
    """How services are called, by slug and by name, and which they are: at least those of which these texts may speak. They
    are looked up by index, so that of ten thousand only those are read; for very long talk it is less to read them all."""
    said = {key for text in texts for key in _keys(_words(text))}
    if not said:
        return {}
    rows = Service.objects.all()
    if len(said) <= _MOST_KEYS:
        rows = rows.alias(written=NAME_AS_SLUG).filter(Q(slug__in=said) | Q(written__in=said))
    found: dict[str, tuple[int, str]] = {}
    for pk, slug, name in rows.values_list("pk", "slug", "name"):
        found |= dict.fromkeys((slug, name.lower().replace(" ", "-")), (pk, name))
    return found


def _keys(words: Sequence[str]) -> Iterable[str]:
    """Whatever of these words may be a service: each, and each with some that follow."""
    return (
        "-".join(words[at:end]) for at in range(len(words)) for end in range(at + 1, min(at + _LONGEST, len(words)) + 1)
    )


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower().replace("_", "-"))


def _named_in(text: str, named: Mapping[str, tuple[int, str]], begins: Mapping[str, int]) -> set[tuple[int, str]]:
    """The services of which a text speaks. The longest name counts: “Search index” is not “Search”."""
    words, found, at = _words(text), set(), 0
    while at < len(words):
        for length in range(min(begins.get(words[at], 1), _LONGEST, len(words) - at), 0, -1):
            if (key := "-".join(words[at : at + length])) in named:
                found.add(named[key])
                at += length - 1
                break
        at += 1
    return found


def _tried(entries: Entries) -> tuple[Tried, ...]:
    """Mitigations belong to a higher package; the log has them all the same."""
    ended = {data.get("run"): (at, data.get("outcome")) for _, at, _, type, *_, data in entries if type == _FINISHED}
    found = []
    for _, at, _, type, text, *_, data in entries:
        if type == _STARTED:
            end, outcome = ended.get(data.get("run"), (None, None))
            worked = None if end is None else outcome == "worked"
            found.append(Tried(text.removeprefix(_SAID_BEFORE), at, end, worked))
    return tuple(found)


def given_in(incident: Incident) -> list[Given]:
    """What has been said in it, and what people answered."""
    return [Given(each.rule, each.at, each.answer, each.until) for each in incident.nudges.order_by("id")]


def rules_in_force(meanings: Mapping[int, Severity] | None = None) -> tuple[Rule, ...]:
    """The rules that watch in this installation, with its thresholds, by what its severities mean."""
    return tuned(
        {
            row.rule: Tuning(row.enabled, None if row.after_minutes is None else minutes_by_severity(row.after_minutes))
            for row in GuidanceSetting.objects.all()
        },
        meanings or all_severities(),
    )


def minutes_by_severity(kept: Mapping[str, int]) -> dict[int, int]:
    """Thresholds as they are kept (JSON knows no numbers as keys)."""
    return {int(severity): minutes for severity, minutes in kept.items()}


def with_answers(replayed: Sequence[Said], incident: Incident) -> list[tuple[Said, Nudge | None]]:
    """What a replay says and what was really said, in order: each with its row where it was said at that time."""
    left = list(incident.nudges.select_related("answered_by").order_by("id"))
    advice = {rule.name: rule for rule in all_rules()}
    found: list[tuple[Said, Nudge | None]] = []
    for each in replayed:
        row = next((row for row in left if row.rule == each.rule and abs(row.at - each.at) < AGAIN_AFTER / 2), None)
        if row is not None:
            left.remove(row)
        found.append((each, row))
    for row in left:
        to = advice[row.rule].to if row.rule in advice else "everybody"
        found.append((Said(row.rule, row.at, row.reason, row.advice, to, row.way_out), row))
    return sorted(found, key=lambda each: each[0].at)
