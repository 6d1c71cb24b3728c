"""Would a page reach them? What the book says about people's contact methods, before it matters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..accounts.models import Person
from .models import ContactMethod, Notification, NotificationRule, Urgency


@dataclass(frozen=True)
class Fault:
    """What may keep an urgent page from somebody: for others to read, and for themselves (``own``). ``deaf``: nothing that is
    known would reach them."""

    text: str
    own: str
    fix: str
    deaf: bool = False

    @property
    def told(self) -> str:
        """All that they have to know themselves."""
        return f"{self.own} {self.fix}"


def faults_of(people: Iterable[Person]) -> dict[int, list[Fault]]:
    """What is wrong with how these people are reached, by number; those with nothing wrong have an empty list. A constant
    number of queries."""
    chosen = {person.pk: person for person in people}
    methods: dict[int, list[ContactMethod]] = {pk: [] for pk in chosen}
    for method in ContactMethod.objects.filter(person__in=chosen):
        methods[method.person_id].append(method)
    rules: dict[int, set[int]] = {pk: set() for pk in chosen}
    for person, way in NotificationRule.objects.filter(person__in=chosen, urgency=Urgency.HIGH).values_list(
        "person_id", "contact_method_id"
    ):
        rules[person].add(way)
    failed = _failed({method.pk for each in methods.values() for method in each if method.enabled})
    return {pk: list(_faults(person, methods[pk], rules[pk], failed)) for pk, person in chosen.items()}


def _failed(methods: set[int]) -> set[int]:
    """Those of these methods whose last message that came to an end was not delivered."""
    found = set()
    for method in methods:  # few: those of the people of one shift
        last = (
            Notification.objects.filter(contact_method=method, ended_at__isnull=False)
            .exclude(state=Notification.State.CANCELLED)
            .order_by("-ended_at")
            .values_list("state", flat=True)
            .first()
        )
        if last == Notification.State.FAILED:
            found.add(method)
    return found


def _faults(person: Person, methods: list[ContactMethod], rules: set[int], failed: set[int]) -> Iterable[Fault]:
    enabled = [method for method in methods if method.enabled]
    if not enabled:
        yield Fault(
            f"{person} has no way to be reached.",
            "Pages would not reach you: you have no way to be reached.",
            "Add one under “How you are reached”.",
            deaf=True,
        )
        return
    # Without any rule every method is used at once (messages_for).
    used = [method for method in enabled if not rules or method.pk in rules] or enabled
    if all(method.pk in failed for method in used):
        yield Fault(
            f"The last message to {person} failed by every method that is used for pages.",
            "Pages may not reach you: the last message to you failed by every way that is used for pages.",
            "Send a test page under “How you are reached”, and mend or replace them.",
            deaf=True,
        )
    else:
        for method in used:
            if method.pk in failed:
                yield Fault(
                    f"The last message by {method.label} to {person} failed.",
                    f"The last message to you by {method.label} failed.",
                    "Send a test page under “How you are reached”.",
                )
    if all(method.verified_at is None for method in used):
        yield Fault(
            f"No contact method of {person} has ever been confirmed.",
            "Nobody knows whether pages reach you: none of your ways has ever been confirmed.",
            "Send a test page under “How you are reached”, and answer it.",
        )
