"""People and groups as an identity provider pushes them (SCIM)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.db import transaction

from ...kernel.db import locked
from ...kernel.errors import Conflict, Refused
from ..actors import Actor
from ..changes import change
from ..models import Person, ScimGroup, ScimUser
from ..roles import Action
from ..rules import checked_timezone
from ..scim.resources import WantedGroup, WantedUser
from .groups import apply_groups
from .people import activate_person, change_person, create_person, deactivate_person


def push_person(by: Actor, person: Person | None, wanted: WantedUser) -> Person:
    """Make somebody, or make them what the provider says. Whoever was added by hand under that address is taken over, with all
    that they have: a provider pushes also those who were here before it.

    :raises Conflict: it has pushed somebody of that name already, or the address is somebody else's.
    """
    by.require(Action.ADMINISTER)
    with transaction.atomic():
        others = ScimUser.objects.filter(user_name__iexact=wanted.user_name)
        if (others if person is None else others.exclude(person=person)).exists():
            raise Conflict("Somebody of that userName is here already.", field="userName", value=wanted.user_name)
        if person is None:
            person = Person.objects.filter(email__iexact=wanted.email).first()
            if person is not None and ScimUser.objects.filter(person=person).exists():
                raise Conflict("Somebody of that address is here already.", field="emails", value=wanted.email)
        if person is None:
            person = create_person(
                by, email=wanted.email, name=wanted.name[:100], timezone=_zone(wanted.timezone) or "UTC"
            )
        fields = {"email": wanted.email, "name": wanted.name[:100]}
        changed = {name: value for name, value in fields.items() if getattr(person, name) != value}
        if (zone := _zone(wanted.timezone)) and zone != person.timezone:
            changed["timezone"] = zone
        if changed:
            change_person(by, person, **changed)
        ScimUser.objects.update_or_create(
            person=person, defaults={"user_name": wanted.user_name[:254], "external_id": wanted.external_id[:254]}
        )
        if wanted.active and not person.is_active:
            activate_person(by, person)
        elif wanted.active is False and person.is_active:
            deactivate_person(by, person)
    return person


def _zone(written: str) -> str:
    """A time zone that is none is no reason to refuse somebody."""
    try:
        return checked_timezone(written) if written else ""
    except Refused:
        return ""


def push_group(by: Actor, group: ScimGroup | None, wanted: WantedGroup) -> ScimGroup:
    """Make a group, or make it what the provider says; whoever joins or leaves it gets and loses at once what it gives.

    :raises Conflict: there is one of that name already.
    """
    row = group or ScimGroup()
    with change(by, f"scim_group.{'changed' if group else 'created'}", row, needs=Action.ADMINISTER) as made:
        if ScimGroup.objects.filter(name__iexact=wanted.name).exclude(pk=row.pk).exists():
            raise Conflict("There is a group of that displayName already.", field="displayName", value=wanted.name)
        old = row.name
        renamed = row.pk is not None and old != wanted.name
        row.name, row.external_id = wanted.name[:250], wanted.external_id[:254]
        row.save()
        locked(ScimGroup.objects.filter(pk=row.pk)).get()
        before = set(row.people.values_list("pk", flat=True))
        after = before
        if wanted.members is not None:
            after = set(Person.objects.filter(pk__in=wanted.members).values_list("pk", flat=True))
            row.people.add(*(after - before))
            row.people.remove(*(before - after))
        made.note(name=row.name, joined=len(after - before), left=len(before - after))
        _apply(by, before | after if renamed else before ^ after, gone=old if renamed else "")
    return row


def patch_group(by: Actor, pk: int, patched: Callable[[ScimGroup], WantedGroup]) -> ScimGroup:
    """Change a group by what it is at that moment: of two who add somebody at once, neither is lost.

    :raises Conflict: there is one of that name already.
    """
    by.require(Action.ADMINISTER)
    with transaction.atomic():
        row = locked(ScimGroup.objects.filter(pk=pk)).get()
        return push_group(by, row, patched(row))


def drop_group(by: Actor, group: ScimGroup) -> None:
    """The group is gone, and so is what it gave."""
    with change(by, "scim_group.deleted", group, needs=Action.ADMINISTER) as made:
        made.note(name=group.name)
        made.subject = None
        people = set(group.people.values_list("pk", flat=True))
        group.delete()
        _apply(by, people, gone=group.name)


def _apply(by: Actor, people: Iterable[int], gone: str = "") -> None:
    """What groups give that have been pushed, or are ``gone`` now: a provider pushes one after the other, and perhaps not all."""
    among = [*ScimGroup.objects.values_list("name", flat=True), *([gone] if gone else [])]
    for person in Person.objects.filter(pk__in=people, is_active=True).order_by("pk"):
        apply_groups(by, person, list(person.scim_groups.values_list("name", flat=True)), among)
