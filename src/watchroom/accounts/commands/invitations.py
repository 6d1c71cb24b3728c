"""Invitations: a signed link by which a new person chooses a password. It works once and for a week."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

from django.core.mail import send_mail

from ...kernel import settings as conf
from ...kernel.db import locked
from ...kernel.errors import Conflict, NotAllowed
from ...kernel.signing import fingerprint, sign, unsign
from ..actors import Actor
from ..changes import change
from ..models import Person
from ..roles import Action
from .people import checked_password

VALID_FOR = timedelta(days=7)
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Invitation:
    """The link, and whether it was also mailed."""

    url: str
    mailed: bool


def invite(by: Actor, person: Person, *, mail: bool = True) -> Invitation:
    """A link by which ``person`` chooses a password; mailed to them too when a mail server is configured.

    Also for somebody who has forgotten theirs where no mail can be sent: it lets them choose a new one.

    :raises Conflict: they have left.
    """
    if not person.is_active:
        raise Conflict(f"{person} has left.", fix="Activate their account first.")
    with change(by, "person.invited", person, needs=Action.ADMINISTER):
        token = sign("invite", [person.pk, _stamp(person)], valid_for=VALID_FOR)
    url = f"{conf.current().url}/welcome/{token}"
    return Invitation(url, mailed=mail and bool(conf.current().smtp_url) and _mail(person, by, url))


def _stamp(person: Person) -> str:
    # The stored password changes with the first use, which makes the link worthless afterwards. So does another address: what
    # was mailed to a wrong one lets nobody in once that is corrected.
    return fingerprint(f"{person.password} {person.email}")[:16]


def _mail(person: Person, by: Actor, url: str) -> bool:
    text = (
        f"Hello {person.name},\n\n{by.name} invites you to sign in to Watchroom.\n"
        f"Come in within seven days by this link:\n\n{url}\n"
    )
    try:
        return send_mail("Your account in Watchroom", text, conf.current().mail_from, [person.email]) == 1
    except OSError as error:  # smtplib's errors are OSErrors
        log.warning("The invitation of person %s could not be mailed: %s", person.pk, error)
        return False


def read_invitation(token: str) -> Person:
    """Whose invitation it is.

    :raises NotAllowed: not made by us, expired, or used already.
    """
    pk, stamp = unsign("invite", token)
    person = Person.objects.filter(pk=pk, is_active=True).first()
    if person is None or _stamp(person) != stamp:
        raise NotAllowed(
            "This invitation has been used already.", fix="Sign in, or ask an administrator for a new one."
        )
    return person


def accept_invitation(token: str, *, password: str, name: str = "", timezone: str = "") -> Person:
    """Set the invited person's password (and name and time zone, when given).

    :raises NotAllowed: as :func:`read_invitation`.
    :raises Refused: the password is not good enough.
    """
    from .people import _checked

    person = read_invitation(token)
    by = Actor(kind="link", name=f"{person} by invitation", person=person)
    with change(by, "person.joined", person, needs=Action.SEE) as made:
        row = locked(Person.objects.filter(pk=person.pk)).get()
        if row.password != person.password:
            raise NotAllowed(
                "This invitation has been used already.", fix="Sign in, or ask an administrator for a new one."
            )
        if name:
            row.name = _checked("name", name)
        if timezone:
            row.timezone = _checked("timezone", timezone)
        row.set_password(checked_password(password, row))
        row.save()
        made.touch("people", f"person:{row.pk}")
    return row
