"""The journal of signals: every integration has an inbox, and a journal from an older backup does no harm."""

from __future__ import annotations

import json
from typing import Any

import pytest

import factories as make
from watchroom.demo.make import make as make_demo
from watchroom.demo.remove import remove
from watchroom.engine.loop import run_due
from watchroom.intake.journal import forget, mend, store, unread
from watchroom.intake.models import AlertGroup, Inbox, Integration, Signal
from watchroom.kernel import clock as kernel_clock
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.db import has_journal
from watchroom.kernel.errors import NotFound

pytestmark = pytest.mark.django_db
BODY = json.dumps([{"labels": {"alertname": "DiskFull"}}]).encode()


def test_the_made_up_company_takes_signals_and_leaves_none_behind(
    clock: TravellingClock, django_capture_on_commit_callbacks: Any
) -> None:
    real = make.integration()
    make.signal(real)
    make_demo()
    for integration in Integration.objects.filter(is_demo=True):
        make.signal(integration, BODY)
    run_due()
    assert AlertGroup.objects.filter(title="DiskFull").exists()
    with django_capture_on_commit_callbacks(execute=True):
        remove()
    assert list(Inbox.objects.values_list("pk", flat=True)) == [real.pk]
    assert set(Signal.objects.values_list("integration", flat=True)) == {real.pk}


def test_a_journal_that_is_older_than_the_rest_is_read_on_from_its_end(clock: TravellingClock) -> None:
    integration = make.integration()
    for _ in range(3):
        make.signal(integration)
    run_due()
    Signal.objects.filter(number=3).delete()
    Inbox.objects.update(stored=2)
    assert mend() == 1
    assert unread() == {}
    make.signal(integration, BODY)
    assert unread() == {integration.pk: 1}
    run_due()
    assert AlertGroup.objects.get().title == "DiskFull"
    assert mend() == 0


def test_a_journal_that_is_lost_is_begun_anew(clock: TravellingClock) -> None:
    read, fresh = make.integration(), make.integration()
    make.signal(read)
    run_due()
    Signal.objects.all().delete()
    Inbox.objects.all().delete()
    mend()
    for integration in (read, fresh):
        assert make.signal(integration, BODY).number == 1
    run_due()
    assert AlertGroup.objects.count() == 2


def test_nothing_is_stored_for_what_has_been_deleted(
    clock: TravellingClock, django_capture_on_commit_callbacks: Any
) -> None:
    integration = make.integration()
    make.signal(integration)
    with django_capture_on_commit_callbacks(execute=True):
        forget(integration.pk)
    with pytest.raises(NotFound):
        store(integration.pk, received_at=kernel_clock.now(), body=b"[]")
    assert not Signal.objects.exists()


def test_what_a_crash_has_left_in_the_journal_is_forgotten_at_the_next_start(clock: TravellingClock) -> None:
    kept, gone = make.integration(), make.integration()
    make.signal(kept)
    make.signal(gone)
    Integration.objects.filter(pk=gone.pk).delete()
    if not has_journal():  # there both are deleted together
        forget(gone.pk)
    mend()
    assert list(Inbox.objects.values_list("pk", flat=True)) == [kept.pk]
    assert list(Signal.objects.values_list("integration", flat=True)) == [kept.pk]
