"""The made-up company."""

from __future__ import annotations

import pytest
from django.db.models import Count
from django.test import Client

import factories as make
from watchroom.accounts.models import Person, Team
from watchroom.catalog.models import Service
from watchroom.demo.make import make as make_demo
from watchroom.demo.remove import remove
from watchroom.engine.loop import run_due
from watchroom.incidents.models import Incident
from watchroom.intake.models import AlertGroup
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Conflict
from watchroom.paging.models import Attempt, Notification

pytestmark = pytest.mark.django_db


@pytest.mark.longest
def test_it_is_the_size_of_a_company_pages_nobody_goes_without_a_trace_and_is_the_same_each_time(
    clock: TravellingClock, client: Client
) -> None:
    real = make.service("Real")
    counts = make_demo(seed=7)
    assert (counts["teams"], counts["people"], counts["incidents"]) == (6, 40, 120)
    assert counts["services"] >= 30
    longest = Incident.objects.annotate(lines=Count("log")).order_by("-lines")[0]
    assert longest.lines > 5000 and longest.status == "resolved"
    titles = list(Incident.objects.order_by("id").values_list("title", flat=True))
    with pytest.raises(Conflict):
        make_demo()

    client.force_login(make.person("Rita"))  # who was paged for none of them
    assert client.get(f"/alerts/{AlertGroup.objects.order_by('id')[:1].get().pk}/why").status_code == 200

    past = set(Notification.objects.filter(purpose="page", ended_at__lt=clock()).values_list("pk", flat=True))
    run_due()
    assert set(Notification.objects.filter(purpose="page").values_list("pk", flat=True)) == past
    assert not Attempt.objects.exists()

    remove()
    assert [each.name for each in Person.objects.all()] == ["Rita"]
    assert not AlertGroup.objects.exists() and not Incident.objects.exists()
    assert list(Service.objects.all()) == [real] and list(Team.objects.all()) == [real.team]
    make_demo(seed=7)
    assert list(Incident.objects.order_by("id").values_list("title", flat=True)) == titles
