"""People: made, changed, and gone without being forgotten."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from ...kernel.db import locked
from ...kernel.errors import Conflict, Refused
from ..actors import Actor
from ..changes import change
from ..models import ApiToken, Person
from ..roles import Action, Role
from ..rules import checked_email, checked_name, checked_timezone

_OWN = {"name", "timezone", "theme", "shortcuts"}  # what everybody may change of themselves


def checked_password(password: str, person: Person) -> str:
    """The password, if it is good enough.

    :raises Refused: it is too short, too common, or too much like the name or address.
    """
    try:
        validate_password(password, person)
    except ValidationError as error:
        raise Refused("That password is not accepted.", field="password", fix=" ".join(error.messages)) from None
    return password


def checked_role(role: int | str) -> Role:
    """A role by its number or name.

    :raises Refused: there is no such role.
    """
    try:
        return Role.of(role) if isinstance(role, str) and not role.isdigit() else Role(int(role))
    except ValueError:
        words = ", ".join(each.word for each in Role)
        raise Refused("There is no such role.", field="role", value=role, fix=f"Use one of {words}.") from None


def create_person(
    by: Actor,
    *,
    email: str,
    name: str,
    role: int | str = Role.VIEWER,
    timezone: str = "UTC",
    password: str | None = None,
) -> Person:
    """Add a person. Without a password they choose one through an invitation (see :func:`invite`).

    :raises Conflict: somebody has this address already.
    """
    person = Person(
        email=checked_email(email),
        name=checked_name(name),
        role=checked_role(role),
        timezone=checked_timezone(timezone),
    )
    with change(by, "person.created", person, needs=Action.ADMINISTER) as made:
        _refuse_taken(person)
        if password:
            person.set_password(checked_password(password, person))
        else:
            person.set_unusable_password()
        person.save()
        _write_address(person)
        made.note(email=person.email, role=Role(person.role).word)
        made.touch("people")
    return person


def change_person(by: Actor, person: Person, **fields: Any) -> Person:
    """Change ``name``, ``timezone``, ``theme``, ``shortcuts`` (everybody their own) or ``email`` and ``role`` (administrators).

    :raises Refused: a field that there is not, or a value that is not accepted.
    :raises Conflict: the address is somebody else's, or nobody would be left to administer.
    """
    for field in fields:
        if field not in _OWN | {"email", "role"}:
            raise Refused(
                "A person has no such field.",
                field=field,
                value=fields[field],
                fix="Use name, email, role, timezone, theme or shortcuts.",
            )
    own = by.person is not None and by.person.pk == person.pk and fields.keys() <= _OWN
    with change(by, "person.changed", person, needs=Action.DECLARE if own else Action.ADMINISTER) as made:
        administrators = _administrators()
        row = locked(Person.objects.filter(pk=person.pk), no_key=True).get()
        for field, value in fields.items():
            before = getattr(row, field)
            after = _checked(field, value)
            if before != after:
                setattr(row, field, after)
                made.note(**{field: [Role(before).word, Role(after).word] if field == "role" else [before, after]})
        if row.role < Role.ADMINISTRATOR:
            _refuse_nobody_left(row, administrators)
        _refuse_taken(row)
        row.save()
        if "email" in made.data:
            _write_address(row)
        made.subject = row
        made.touch("people", f"person:{row.pk}")
    for field in fields:
        setattr(person, field, getattr(row, field))
    return row


def _checked(field: str, value: Any) -> Any:
    if field == "name":
        return checked_name(value)
    if field == "email":
        return checked_email(value)
    if field == "role":
        return int(checked_role(value))
    if field == "timezone":
        return checked_timezone(value)
    if field == "shortcuts":
        return bool(value)
    if value not in {"auto", "light", "dark"}:
        raise Refused("There is no such theme.", field="theme", value=value, fix="Use auto, light or dark.")
    return value


def deactivate_person(by: Actor, person: Person) -> None:
    """They can't sign in, are not on call and are not paged from now on; all that they did stays under their name.

    :raises Conflict: they are the last administrator.
    """
    with change(by, "person.deactivated", person, needs=Action.ADMINISTER) as made:
        administrators = _administrators()
        row = locked(Person.objects.filter(pk=person.pk), no_key=True).get()
        _refuse_nobody_left(row, administrators)
        row.is_active = person.is_active = False
        row.save(update_fields=["is_active"])
        ApiToken.objects.filter(person=row, revoked_at=None).update(revoked_at=made.at)
        made.touch("people", f"person:{row.pk}", "schedules")


def activate_person(by: Actor, person: Person) -> None:
    """They may sign in again and count in their rotations again. Their API tokens stay revoked."""
    with change(by, "person.activated", person, needs=Action.ADMINISTER) as made:
        locked(Person.objects.filter(pk=person.pk)).update(is_active=True)
        person.is_active = True
        made.touch("people", f"person:{person.pk}", "schedules")


def _administrators() -> set[int]:
    # Whoever holds a schedule, for which letting somebody go waits, still has to write rows that point to these people.
    rows = locked(Person.objects.filter(role=Role.ADMINISTRATOR, is_active=True).order_by("pk"), no_key=True)
    return {row.pk for row in rows}


def _refuse_nobody_left(person: Person, administrators: set[int]) -> None:
    if person.pk in administrators and len(administrators) == 1:
        raise Conflict(
            f"{person} is the last administrator.", field="role", fix="Make somebody else an administrator first."
        )


def _refuse_taken(person: Person) -> None:
    others = Person.objects.filter(email__iexact=person.email).exclude(pk=person.pk)
    if others.exists() or EmailAddress.objects.filter(email__iexact=person.email).exclude(user_id=person.pk).exists():
        raise Conflict(
            "Somebody has this address already.",
            field="email",
            value=person.email,
            fix="Use another address, or change that person.",
        )


def _write_address(person: Person) -> None:
    # An address that an administrator has entered counts as checked; allauth wants that for two-factor sign-in.
    EmailAddress.objects.filter(user=person).delete()
    EmailAddress.objects.create(user=person, email=person.email, primary=True, verified=True)
