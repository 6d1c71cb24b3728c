"""Whoever asks about their own ways to be reached."""

from __future__ import annotations

from django.http import HttpRequest

from ...accounts.models import Person
from ...api.auth import actor_of
from ...kernel.errors import NotAllowed


def own(request: HttpRequest) -> Person:
    """The person whose session or token it is.

    :raises NotAllowed: it is nobody's.
    """
    person = actor_of(request).person
    if person is None:
        raise NotAllowed("Only a person has contact methods.")
    return person
