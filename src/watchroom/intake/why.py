"""Why somebody was paged for an alert group, or nobody: every decision on the way, with a link to what decided."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ..accounts.actors import Actor
from ..paging.queries import trace
from .holding import page_of
from .mine import Mine, mine
from .models import Alert, AlertGroup, GroupEvent
from .routing import tree
from .rules import outcomes_by_route, routes_of, stands_alone

_FIRST_ALERTS = 3
_TOLD = {
    GroupEvent.Kind.HELD: ("held", "Held back by {}: it pages nobody meanwhile."),
    GroupEvent.Kind.RELEASED: ("released", "No longer held back by {}."),
    GroupEvent.Kind.REOPENED: ("grouped", "It fired again {}, so that it counts as the same problem."),
    GroupEvent.Kind.UNROUTED: ("policy", "{}"),
    GroupEvent.Kind.ESCALATED: ("paged", "Escalated by hand{}."),
    GroupEvent.Kind.ACKNOWLEDGED: ("answered", "Acknowledged {}: nobody else is paged."),
    GroupEvent.Kind.UNACKNOWLEDGED: ("answered", "The acknowledgement was taken back {}."),
    GroupEvent.Kind.RESOLVED: ("answered", "Resolved: {}."),
    GroupEvent.Kind.UPDATED: ("paged", "More alerts had joined: {}."),
    GroupEvent.Kind.REPEATED: ("paged", "Brought up again: {}."),
    GroupEvent.Kind.HURRIED: ("released", "It was not to wait any longer, {}."),
    GroupEvent.Kind.FLAPPING: ("held", "It flaps: {}."),
    GroupEvent.Kind.QUIET: ("released", "It flaps no more: {}."),
    GroupEvent.Kind.DECLARED: ("declared", "By the rule of its route: {}."),
}


_FLAPS = (GroupEvent.Kind.FLAPPING, GroupEvent.Kind.QUIET)


@dataclass(frozen=True)
class Reason:
    """One decision. ``step`` says which kind: arrived, routed, grouped, policy, urgency, waits, held, released, paged,
    declared, answered; ``link`` leads to what decided, relative to Watchroom's address."""

    at: datetime
    step: str
    text: str
    link: str = ""
    future: bool = False


@dataclass(frozen=True)
class Why:
    """The answer in one sentence, and the way to it in the order in which it happened."""

    answer: str
    reasons: tuple[Reason, ...]
    you: Mine | None = None  # about whoever asks


def why(group: AlertGroup, reader: Actor | None = None) -> Why:
    """Everything that decided who was paged for this group, and whoever reads it in particular. Some dozen queries, whatever its
    size."""
    alerts = list(group.alerts.select_related("integration").order_by("id")[:_FIRST_ALERTS])
    reasons = [*_arrived(group, alerts), *_routed(group, alerts), *_decided(group), *_happened(group)]
    escalations = list(group.escalations.order_by("id"))
    paged: list[Reason] = []
    lines = [(escalation, line) for escalation in escalations for line in trace(escalation, reader)]
    for escalation, line in lines:
        said = f"{line['text']}{_state(line['state'])}"
        paged.append(Reason(line["at"], "paged", said, f"/escalations/{escalation.pk}", line["future"]))
    if group.notify_at is not None and group.state == "firing":
        reasons.append(Reason(group.notify_at, "waits", "Paging starts when the group wait is over.", future=True))
    if group.resolved_at is None and group.update_at is not None:
        text = "More alerts have joined: those engaged are told, at most once in a group interval"
        reasons.append(Reason(group.update_at, "waits", f"{text} ({group.group_interval_seconds} s).", future=True))
    if group.resolved_at is None and group.declare_at is not None and group.acknowledged_at is None:
        reasons += _will_declare(group)
    if group.resolved_at is None and group.repeat_at is not None:
        when = (
            "If nobody is being paged by then, and it still fires,"
            if group.acknowledged_at is None
            else "If it still fires,"
        )
        text = f"{when} it is brought up again (repeat interval {group.repeat_interval_seconds} s)."
        reasons.append(Reason(group.repeat_at, "waits", text, future=True))
    order = sorted([*reasons, *paged], key=lambda each: (each.future, each.at))
    person = reader.person if reader else None
    you = mine(group, person, escalations, [line for _, line in lines]) if person else None
    return Why(_answer(group, paged), tuple(order), you)


def _state(state: str) -> str:
    return {
        "": "", "waiting": "", "sending": ": being sent", "sent": ": handed over", "delivered": ": delivered",
        "failed": ": failed", "cancelled": ": no longer needed, so not sent",
    }.get(state, f": {state}")  # fmt: skip


def _arrived(group: AlertGroup, alerts: Iterable[Alert]) -> Iterable[Reason]:
    alike: dict[tuple[str, int], list[Alert]] = {}
    for alert in alerts:
        alike.setdefault((alert.title, alert.integration_id), []).append(alert)
    for same in alike.values():
        first, times = same[0], sum(alert.times for alert in same)
        told = f" as {len(same)} alerts" if len(same) > 1 else ""
        told += f", told {times} times so far" if times > len(same) else ""
        text = f"“{first.title}” came through the integration {first.integration}{told}."
        yield Reason(first.first_seen_at, "arrived", text, f"/integrations/{first.integration.slug}")
    if group.total > _FIRST_ALERTS:
        yield Reason(group.last_alert_at, "arrived", f"{group.total - _FIRST_ALERTS} more alerts joined this group.")


def _routed(group: AlertGroup, alerts: list[Alert]) -> Iterable[Reason]:
    opened = group.events.filter(kind=GroupEvent.Kind.OPENED).first()
    path = opened.text if opened and opened.text else "everything else"
    link = f"/routes/{group.route_id}" if group.route_id else "/routes"
    yield Reason(group.opened_at, "routed", f"It was routed: {path}.", link)
    routes = routes_of(tree(), alerts[0].labels) if alerts else []
    if alerts:
        now = [" → ".join(each.path) for each in routes]
        if opened is not None and path not in now:
            text = f"Since then the routes have changed: today it would go {' and '.join(now)}."
            yield Reason(group.opened_at, "routed", text, "/routes")
    shared = ", ".join(f"{name}={value}" for name, value in group.group_labels.items())
    together = f"It shares a group with whatever has {shared}, on the same route."
    if not shared and alerts and any(stands_alone(each.group_by, alerts[0].labels) for each in routes):
        together = "It is a group of its own: it has no alertname, and no route says how to group it."
    elif not shared:
        together = "It shares a group with whatever has none of the labels that its route groups by."
    yield Reason(group.opened_at, "grouped", together, link)
    if group.previous_id:
        text = f"It fired before: alert group {group.previous_id}."
        yield Reason(group.opened_at, "grouped", text, f"/alerts/{group.previous_id}")


def _decided(group: AlertGroup) -> Iterable[Reason]:
    if group.policy is not None:
        of = f"of the service {group.service}" if group.service and group.service.policy_id == group.policy_id else ""
        whose = of or "of its route, or of its service at that time"
        text = f"The escalation policy is “{group.policy}” ({whose})."
        yield Reason(group.opened_at, "policy", text, f"/policies/{group.policy.slug}")
    loud = "high: it wakes people" if group.urgency == "high" else "low: people's rules for low urgency decide"
    link = f"/routes/{group.route_id}" if group.route_id else ""
    yield Reason(group.opened_at, "urgency", f"Its severity is {group.severity}, its urgency {loud}.", link)
    if group.drill:
        yield Reason(group.opened_at, "urgency", "It is a drill: everything about it is marked so.")


def _happened(group: AlertGroup) -> Iterable[Reason]:
    for event in group.events.filter(kind__in=_TOLD).select_related("person"):
        step, text = _TOLD[GroupEvent.Kind(event.kind)]
        words = event.text
        if event.kind == GroupEvent.Kind.ACKNOWLEDGED or event.kind == GroupEvent.Kind.UNACKNOWLEDGED:
            words = f"by {event.person}" if event.person else event.text
        elif event.kind == GroupEvent.Kind.ESCALATED:
            words = f" by {event.person}" if event.person else ""
        elif event.kind == GroupEvent.Kind.RESOLVED and event.person:
            words = f"by {event.person}"
        link = ""
        if step in {"held", "released"}:
            held = group.held or {}
            now = f"{held.get('kind')}: {held.get('name')}"[:1000] == event.text
            link = page_of(held) if now else f"/alerts/{group.pk}" if event.kind in _FLAPS else "/silences"
        if event.text.startswith(("mute: ", "hours: ")) or event.kind == GroupEvent.Kind.DECLARED:
            link = f"/routes/{group.route_id}" if group.route_id else "/routes"
        elif event.kind == GroupEvent.Kind.UNROUTED:
            link = f"/services/{group.service.slug}" if group.service else "/routes"
        yield Reason(event.at, step, text.format(words), link)


def _will_declare(group: AlertGroup) -> Iterable[Reason]:
    outcome = outcomes_by_route(tree()).get(group.route_id or 0)
    rule = outcome.declares if outcome is not None else None
    if rule is None or group.drill or group.declare_at is None:
        return
    text = f"Its route declares {rule}."
    text += " Not while it is held back." if group.held else ""
    yield Reason(group.declare_at, "waits", text, f"/routes/{group.route_id}", future=True)


def _answer(group: AlertGroup, paged: list[Reason]) -> str:
    reached = [each for each in paged if not each.future and each.text.endswith((": handed over", ": delivered"))]
    if reached:
        first = reached[0].text.rpartition(":")[0]
        more = {1: "", 2: ", and 1 more message was sent"}.get(len(reached), f", and {len(reached) - 1} more were sent")
        return f"{first} was told first{more}."
    if group.held:
        if group.held["kind"] == "mute":
            return f"Nobody was paged: it is muted by {group.held['name']}."
        if group.held["kind"] == "flapping":
            return "Nobody was paged this time: it flaps, and pages only when it fires on."
        if group.held["kind"] == "hours":
            return f"Nobody was paged yet: {group.held['name']}."
        return f"Nobody was paged: it is held back by {group.held['kind']} “{group.held['name']}”."
    if group.notify_at is not None and group.state == "firing":
        return "Nobody has been paged yet: its group wait is not over."
    if any(not each.future and each.text.endswith(": failed") for each in paged):
        return "Nobody was reached: every message failed."
    if any(each.future for each in paged):
        return "Nobody has been reached yet: the first message is on its way."
    if group.acknowledged_at:
        return "Nobody was paged: somebody had acknowledged it before."
    if group.resolved_at:
        return "Nobody was paged: it was over before its first page."
    if not paged:
        return "Nobody was paged: no escalation has begun for it."
    return "Nobody was paged: there was nobody with a way to be reached."
