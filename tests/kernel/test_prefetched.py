"""What thousands of rows belong to is fetched with them, on both databases."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

import factories as make
from watchroom.accounts.models import Membership, Person


@pytest.mark.django_db
def test_what_belongs_to_thousands_is_prefetched_by_one_list() -> None:
    team = make.team()
    people = Person.objects.bulk_create(
        [Person(email=f"p{n}@example.org", name=f"Person {n}", role=20) for n in range(3_000)]
    )
    Membership.objects.bulk_create([Membership(team=team, person=person) for person in people])
    with CaptureQueriesContext(connection) as seen:
        rows = list(Membership.objects.filter(team=team).prefetch_related("person"))
    assert {row.person.name for row in rows} == {person.name for person in people}
    assert len(seen) == 2 and " IN " in seen[1]["sql"] and " OR " not in seen[1]["sql"]
