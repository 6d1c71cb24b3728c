"""Who is @mentioned is told, by their channels for what is not urgent."""

from __future__ import annotations

from ...accounts.actors import Actor, acting
from ...accounts.changes import Change
from ...accounts.models import Person
from ...paging.commands import notify
from .. import queries, rules
from ..models import LogEntry


def tell_mentioned(by: Actor, entry: LogEntry, made: Change) -> None:
    """Note who is mentioned in ``entry`` and tell those who were not mentioned in it before, if they may see the
    incident. Inside the caller's transaction."""
    if "@" not in entry.text:
        return
    people = people_by_handle()
    meant = rules.mentions.mentioned(entry.text, {handle: person.pk for handle, person in people.items()})
    new = [pk for pk in meant if pk not in entry.data.get("mentions", [])]
    if not new:
        return
    entry.data = {**entry.data, "mentions": [*entry.data.get("mentions", []), *new]}
    entry.save(update_fields=["data"])
    made.note(mentioned=new)
    tell([person for person in {p.pk: p for p in people.values()}.values() if person.pk in new], by, entry)


def tell(people: list[Person], by: Actor, entry: LogEntry) -> None:
    """Write to ``people`` that ``by`` means them."""
    incident = entry.incident
    for person in people:
        if by.person is not None and person.pk == by.person.pk:
            continue
        if not queries.visible_to(acting(person)).filter(pk=incident.pk).exists():
            continue
        notify(
            person,
            purpose="reminder",
            subject=f"{by.name} mentioned you in {incident}"[:300],
            body=entry.text[:500],
            path=f"/incidents/{incident.pk}#entry-{entry.pk}",
            reason=f"mention:{entry.pk}",
            drill=incident.drill,
        )


def people_by_handle() -> dict[str, Person]:
    """Everybody who can be mentioned, by what they are called."""
    people = {person.pk: person for person in Person.objects.filter(is_active=True)}
    known = [rules.mentions.Known(person.pk, person.email, person.name) for person in people.values()]
    return {handle: people[pk] for handle, pk in rules.mentions.by_handle(known).items()}
