"""Maintenance of status pages in a configuration file: announced once, changed in place, called off, and read back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml

import factories as make
from watchroom.config.carry_out import apply, preview
from watchroom.config.current import read
from watchroom.config.text import dump, parse
from watchroom.intake.models import MaintenanceWindow
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Refused
from watchroom.status import commands
from watchroom.status.models import Maintenance, MaintenanceNote

pytestmark = pytest.mark.django_db

FILE = """
version: 1
teams: [{slug: shop, name: Shop}]
services: [{slug: checkout, name: Checkout, team: shop}]
status_pages:
  - {slug: shop, name: Shop status, team: shop, timezone: Europe/Berlin, components: [{name: Checkout, service: checkout}, {name: Search}]}
page_maintenance:
  - {page: shop, title: New disks, starts_at: "2026-03-05T00:00:00Z", ends_at: "2026-03-05T04:00:00Z", components: [Search, Checkout], hold_alerts: true}
  - {page: shop, title: Weekly update, starts_at: "2026-03-03T03:00:00Z", ends_at: "2026-03-03T04:00:00Z", repeats: FREQ=WEEKLY;BYDAY=TU}
  - {page: shop, title: Long over, starts_at: "2025-03-03T03:00:00Z", ends_at: "2025-03-03T04:00:00Z"}
"""


@pytest.fixture(autouse=True)
def _in_march(clock: TravellingClock) -> None:
    clock.to(datetime(2026, 3, 2, 9, tzinfo=UTC))


def document(text: str) -> Any:
    return parse(yaml.safe_load(text), "x.yaml")


def done(text: str, prune: bool = False) -> list[str]:
    return [str(step) for step in apply(make.actor(), document(text), prune=prune)[0]]


def test_it_is_announced_once_and_read_back() -> None:
    done(FILE)
    disks, weekly = Maintenance.objects.get(title="New disks"), Maintenance.objects.get(title="Weekly update")
    assert Maintenance.objects.count() == 2
    assert disks.window is not None and [str(each) for each in disks.components.all()] == ["Checkout", "Search"]
    assert (weekly.repeats, weekly.timezone) == ("FREQ=WEEKLY;BYDAY=TU", "Europe/Berlin")
    assert preview(document(FILE)) == []
    assert preview(document(dump(read())), prune=True) == []
    # What holds the alerts is the page's: it is no entry of its own.
    assert read()["maintenance_windows"] == {} and MaintenanceWindow.objects.count() == 1
    assert MaintenanceNote.objects.count() == 2


def test_a_file_that_lists_the_windows_of_pages_makes_no_second_one(clock: TravellingClock) -> None:
    done(FILE)
    older = FILE + (
        "maintenance_windows:\n"
        '  - {title: New disks, team: shop, services: [checkout], starts_at: "2026-03-05T00:00:00Z", ends_at: "2026-03-05T04:00:00Z"}\n'
        '  - {title: New racks, team: shop, services: [checkout], starts_at: "2026-03-05T00:00:00Z", ends_at: "2026-03-05T04:00:00Z"}\n'
    )
    [made] = done(older)
    assert made.startswith("+ maintenance_windows New racks") and MaintenanceWindow.objects.count() == 2
    clock.to(datetime(2026, 3, 5, 1, tzinfo=UTC))
    commands.turn_over(10)
    commands.end(make.actor(), Maintenance.objects.get(title="New disks"))
    assert done(older) == [] and MaintenanceWindow.objects.count() == 2
    assert list(read()["maintenance_windows"]) == ["New racks from 2026-03-05T00:00:00Z"]


def test_it_is_changed_in_place_and_called_off() -> None:
    done(FILE)
    disks = Maintenance.objects.get(title="New disks")
    later = FILE.replace('ends_at: "2026-03-05T04:00:00Z"', 'ends_at: "2026-03-05T06:00:00Z"')
    [said] = done(later)
    assert said.startswith("~ page_maintenance shop: New disks from 2026-03-05T00:00:00Z")
    disks.refresh_from_db()
    assert (disks.stage, disks.ends_at) == ("scheduled", datetime(2026, 3, 5, 6, tzinfo=UTC))
    assert done(later) == []
    none = "version: 1\npage_maintenance: []\n"
    assert done(none) == []
    assert len(done(none, prune=True)) == 2
    assert set(Maintenance.objects.values_list("stage", flat=True)) == {"cancelled"}
    # Somebody has called it off, and readers were told: the file does not announce it again.
    assert done(FILE) == []


def test_a_series_goes_on_and_what_somebody_ended_stays_ended(clock: TravellingClock) -> None:
    done(FILE)
    clock.to(datetime(2026, 3, 3, 3, 30, tzinfo=UTC))
    commands.turn_over(10)
    commands.end(make.actor(), Maintenance.objects.get(title="Weekly update", stage="in_progress"))
    assert Maintenance.objects.get(title="Weekly update", stage="scheduled").starts_at.day == 10
    assert done(FILE) == []
    clock.advance(timedelta(days=60))
    for _ in range(30):
        commands.turn_over(10)
    assert done(FILE) == []
    assert Maintenance.objects.filter(title="New disks").count() == 1


def test_what_makes_no_sense_is_refused_by_name() -> None:
    with pytest.raises(Refused) as refused:
        done(FILE.replace("[Search, Checkout]", "[Searching]"))
    assert refused.value.field == "page_maintenance[shop: New disks from 2026-03-05T00:00:00Z].components"
    with pytest.raises(Refused) as refused:
        done(FILE.replace("{page: shop, title: New", "{page: shops, title: New"))
    assert refused.value.value == "shops"
    assert not Maintenance.objects.exists()
