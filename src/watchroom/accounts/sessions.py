"""Who is signed in by which session, for many at once."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.utils.crypto import constant_time_compare

from ..kernel import clock
from ..kernel.numbers import whole
from .models import Person


def signed_in(keys: Iterable[str]) -> dict[str, Person]:
    """Who is signed in by each of these sessions, in two queries. A session that has ended, whose person was deactivated,
    or whose password has changed since, is not among them."""
    wanted = {key for key in keys if key}
    told: dict[str, tuple[int, str]] = {}
    for session in Session.objects.filter(session_key__in=wanted, expire_date__gt=clock.now()):
        said = session.get_decoded()
        if (number := whole(str(said.get(SESSION_KEY, "")))) is not None:
            told[session.session_key] = number, str(said.get(HASH_SESSION_KEY, ""))
    people = Person.objects.filter(pk__in={number for number, _ in told.values()}, is_active=True).in_bulk()
    proofs = {pk: person.get_session_auth_hash() for pk, person in people.items()}
    return {
        key: people[number]
        for key, (number, proof) in told.items()
        if number in people and constant_time_compare(proof, proofs[number])
    }
