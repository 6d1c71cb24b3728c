"""Declaring by e-mail."""

from __future__ import annotations

from datetime import timedelta
from email.utils import parseaddr

from django.db import transaction
from django.db.models import QuerySet

from ...accounts.actors import Actor
from ...accounts.models import Person
from ...kernel import clock
from ...kernel.db import locked
from ...kernel.errors import NotAllowed, Refused, TooOften
from ...paging.commands import notify
from ..models import DeclaringMail, Incident, TriageRule
from ..proposals import propose
from ..rules.by_mail import read
from .declaring import declare

WITHIN = timedelta(minutes=10)
OF_ONE = 5  # incidents that one sender may declare within that time
OF_ALL = 20
_MANY = "Many incidents were declared by mail a moment ago."
_MANY_FIX = "Sign in and declare, or wait a little."


class Full(TooOften):
    """Whoever sends more is to try again later."""


def declare_by_mail(sender: str, subject: str, text: str, digest: str, *, checked: bool) -> Incident:
    """Declare what a mail says, in the name of whoever sent it, and write back which incident it became. The services that
    its title names, and the severity that alerts or similar incidents say, are taken. The same mail declares once.
    What comes from a sender whom nobody has checked (``checked``) waits for triage.

    :raises NotAllowed: nobody with this address may declare.
    :raises Refused: it says nothing.
    :raises Full: of all there were many a moment ago. Of mails that nobody has checked this is looked at before anybody is
        looked up, so that it says nothing of who is here.
    :raises TooOften: of this sender there were many a moment ago.
    """
    title, severity, summary = read(subject, text)
    if not title:  # whoever sends it: what is refused for that says nothing of who is here
        raise Refused("The mail says nothing.", field="subject", fix="Write the title as its subject.")
    if not checked:
        _not_full()
    person = _person(sender)
    if person is None:
        raise NotAllowed("Nobody here has this address.", fix="Write from the address with which you sign in.")
    by = Actor(kind="link", name=f"{person} by mail", person=person)
    with transaction.atomic():
        list(locked(Person.objects.filter(pk=person.pk), no_key=True))  # so that many at once are counted
        before = DeclaringMail.objects.select_related("incident").filter(digest=digest).first()
        if before is not None:
            return before.incident
        _not_full()
        _not_too_many(person)
        found = propose(by, title)
        incident = declare(
            by,
            title=title,
            severity=severity or found.severity,
            services=found.services,
            summary=summary,
            triage=not checked,
            origins=(TriageRule.By.MAIL,),
        )
        DeclaringMail.objects.create(digest=digest, incident=incident, at=clock.now())
        like = f" It looks like #{found.open[0].incident.pk}, which is open." if found.open else ""
        waits = " It waits for triage." if incident.is_waiting else ""
        waits += "" if checked else " Nobody has checked that it was you: if it was not, decline it."
        notify(
            person,
            purpose="update",
            subject=f"Declared: SEV{incident.severity} {incident}"[:300],
            body=f"Your mail became incident #{incident.pk}.{waits}{like}",
            path=f"/incidents/{incident.pk}",
            reason=f"declared-by-mail:{incident.pk}",
        )
    return incident


def _person(sender: str) -> Person | None:
    address = parseaddr(sender)[1].strip()
    return Person.objects.filter(email__iexact=address, is_active=True).first() if address else None


def tell_refused_by_mail(sender: str, why: str) -> None:
    """Whoever has this address hears at once, by the way in which they are reached, why a mail of theirs declared nothing:
    they think that it did. Once an hour, for anybody can write their address. Strangers hear nothing."""
    person = _person(sender)
    if person is None:
        return
    with transaction.atomic():
        notify(
            person,
            purpose="update",
            subject="A mail in your name declared no incident",
            body=f"{why} If you did not write it, there is nothing to do.",
            path="/incidents/declare",
            reason=f"refused-by-mail:{person.pk}:{clock.now():%Y-%m-%dT%H}",
            urgency="high",
        )


def _recent() -> QuerySet[DeclaringMail]:
    return DeclaringMail.objects.filter(at__gt=clock.now() - WITHIN)


def _not_full() -> None:
    if _recent().count() >= OF_ALL:
        raise Full(_MANY, fix=_MANY_FIX)


def _not_too_many(person: Person) -> None:
    if _recent().filter(incident__declared_by=person).count() >= OF_ONE:
        raise TooOften(_MANY, fix=_MANY_FIX)
