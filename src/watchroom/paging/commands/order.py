"""In which order a person is reached: their notification rules, and a plan for ways that are not there yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Person
from ...accounts.roles import Action
from ...kernel.checks import chosen, within
from ...kernel.errors import Refused
from ...kernel.plugins import one_of
from ..models import ContactMethod, NotificationPlan, NotificationRule, Urgency
from ..order import LONGEST_WAIT, Plan, plain, ways_by


def needed_for(by: Actor, person: Person) -> Action:
    """What is needed to change how ``person`` is reached: one's own ways are one's own; somebody else's are an
    administrator's business."""
    return Action.SEE if by.person is not None and by.person.pk == person.pk else Action.ADMINISTER


def set_rules(by: Actor, person: Person, urgency: str, rules: Sequence[tuple[int, int]]) -> list[NotificationRule]:
    """Replace a person's rules for an urgency by ``(contact method id, wait in seconds)``.

    :raises Refused: a method that is not theirs, a wait over an hour, or nothing at once for high urgency.
    """
    chosen(urgency, Urgency.values, "urgency", field="urgency")
    own = set(ContactMethod.objects.filter(person=person).values_list("pk", flat=True))
    for method, wait in rules:
        if method not in own:
            raise Refused(
                "That contact method is not theirs.",
                field="contact_method",
                value=method,
                fix="Choose one of their own.",
            )
        within(wait, 0, 3600, "wait", field="wait_seconds", unit="seconds")
    if urgency == Urgency.HIGH and rules and min(wait for _, wait in rules) > 0:
        raise Refused(
            "An urgent page must reach you at once by something.",
            field="wait_seconds",
            value=min(wait for _, wait in rules),
            fix="Let one rule have no wait.",
        )
    with change(by, "notification_rules.changed", person, needs=needed_for(by, person)) as made:
        NotificationRule.objects.filter(person=person, urgency=urgency).delete()
        made.note(urgency=urgency, rules=[list(rule) for rule in rules])
        made.touch(f"person:{person.pk}")
        return NotificationRule.objects.bulk_create(
            [
                NotificationRule(person=person, contact_method_id=method, urgency=urgency, wait_seconds=wait)
                for method, wait in dict.fromkeys(rules)
            ]
        )


def set_plan(by: Actor, person: Person, wanted: Mapping[str, Sequence[Mapping[str, object]]] | None) -> Plan | None:
    """In what order ``person`` is to be reached, by kinds of ways: ``{"high": [{"channel", "label", "wait_seconds"}, …], "low":
    […]}``. What is there is used in that order from now on; what is not is used once they add it. An empty label means every way
    of that channel. ``None``: no plan; their rules stay as they are.

    :raises Refused: no such channel, a wait over an hour, or nothing at once for high urgency.
    """
    plan = None if wanted is None else plain(wanted)
    for urgency, entries in (plan or {}).items():
        for entry in entries:
            one_of("watchroom.channels", entry["channel"])
            within(entry["wait_seconds"], 0, LONGEST_WAIT, "wait", field=f"{urgency}.wait_seconds", unit="seconds")
    if plan and plan["high"] and plan["high"][0]["wait_seconds"] > 0:
        raise Refused(
            "An urgent page must reach them at once by something.",
            field="high.wait_seconds",
            value=plan["high"][0]["wait_seconds"],
            fix="Let one have no wait.",
        )
    with change(by, "notification_plan.set", person, needs=needed_for(by, person)) as made:
        made.note(plan=plan)
        made.touch(f"person:{person.pk}")
        if plan is None:
            NotificationPlan.objects.filter(person=person).delete()
        else:
            NotificationPlan.objects.update_or_create(person=person, defaults={"rules": plan})
            go_by_plan(by, person)
    return plan


def follows_plan(person: Person) -> bool:
    """Whether there is a plan for them, and their rules are still what it says."""
    row = NotificationPlan.objects.filter(person=person).first()
    return row is not None and all(
        ways_by(row.rules[urgency], _ways(person), urgent=urgency == Urgency.HIGH) == _rules(person, urgency)
        for urgency in Urgency.values
    )


def go_by_plan(by: Actor, person: Person) -> None:
    """Make their rules what their plan says of the ways that they have."""
    plan = NotificationPlan.objects.get(person=person).rules
    for urgency in Urgency.values:
        found = ways_by(plan[urgency], _ways(person), urgent=urgency == Urgency.HIGH)
        if found != _rules(person, urgency):
            set_rules(by, person, urgency, found)


def _ways(person: Person) -> list[tuple[int, str, str]]:
    return list(ContactMethod.objects.filter(person=person).order_by("id").values_list("pk", "channel", "label"))


def _rules(person: Person, urgency: str) -> list[tuple[int, int]]:
    rows = NotificationRule.objects.filter(person=person, urgency=urgency)
    return sorted(rows.values_list("contact_method_id", "wait_seconds"), key=lambda each: each[::-1])
