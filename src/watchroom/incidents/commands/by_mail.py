"""Declaring by e-mail."""

from __future__ import annotations

from email.utils import parseaddr

from django.db import transaction

from ...accounts.actors import Actor
from ...accounts.models import Person
from ...kernel import clock
from ...kernel.errors import NotAllowed
from ...paging.commands import notify
from ..models import DeclaringMail, Incident, TriageRule
from ..proposals import propose
from ..rules.by_mail import read
from .declaring import declare


def declare_by_mail(sender: str, subject: str, text: str, digest: str) -> Incident:
    """Declare what a mail says, in the name of whoever sent it, and write back which incident it became. The services that
    its title names, and the severity that alerts or similar incidents say, are taken. The same mail declares once.

    :raises NotAllowed: nobody with this address may declare.
    :raises Refused: it says nothing.
    """
    address = parseaddr(sender)[1].strip()
    person = Person.objects.filter(email__iexact=address, is_active=True).first() if address else None
    if person is None:
        raise NotAllowed("Nobody here has this address.", fix="Write from the address with which you sign in.")
    by = Actor(kind="link", name=f"{person} by mail", person=person)
    title, severity, summary = read(subject, text)
    with transaction.atomic():
        before = DeclaringMail.objects.select_related("incident").filter(digest=digest).first()
        if before is not None:
            return before.incident
        found = propose(by, title)
        incident = declare(
            by,
            title=title,
            severity=severity or found.severity,
            services=found.services,
            summary=summary,
            origins=(TriageRule.By.MAIL,),
        )
        DeclaringMail.objects.create(digest=digest, incident=incident, at=clock.now())
        like = f" It looks like #{found.open[0].incident.pk}, which is open." if found.open else ""
        waits = " It waits for triage." if incident.is_waiting else ""
        notify(
            person,
            purpose="update",
            subject=f"Declared: SEV{incident.severity} {incident}"[:300],
            body=f"Your mail became incident #{incident.pk}.{waits}{like}",
            path=f"/incidents/{incident.pk}",
            reason=f"declared-by-mail:{incident.pk}",
        )
    return incident
