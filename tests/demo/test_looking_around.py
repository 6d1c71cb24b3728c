"""Whoever looks around in the made-up company finds something true on every page, and nothing that contradicts itself."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import models
from django.db.models import F, Q
from django.test import Client

import factories as make
from watchroom.accounts.models import Person
from watchroom.demo.make import make as make_demo
from watchroom.demo.remove import remove
from watchroom.engine.loop import run_due
from watchroom.evidence.models import Snapshot
from watchroom.incidents.models import Incident, KeyTime
from watchroom.intake.models import AlertGroup
from watchroom.kernel.clock import TravellingClock
from watchroom.mitigations.models import Mitigation, MitigationRun
from watchroom.monitors.models import Check
from watchroom.oncall import rules
from watchroom.oncall.models import Absence, Schedule
from watchroom.oncall.queries import plans_of
from watchroom.outgoing.models import Dispatch, Webhook
from watchroom.paging.commands import decide_approval
from watchroom.paging.models import Approval, Attempt

pytestmark = pytest.mark.django_db
LISTS = """actions alerts audit changes drills drills/library follow-rules guidance hand-offs incident-states incident-types incidents
    insights insights/incidents insights/load insights/pay integrations mitigations monitors notifications people policies
    postmortems process process/who readiness role-rotations routes runbook-runs runbooks runners schedules services severities
    silences stakeholders status-pages teams update-templates venues webhooks workflows"""
# Of these a true time may lie ahead: what is planned, promised, due, or ends by itself.
AHEAD = re.compile(r"due|until|ends_at|expires|next|remind|starts_at|look|planned|guide|turns|first_(end_)?at")


@pytest.fixture
def company(clock: TravellingClock) -> TravellingClock:
    clock.advance(timedelta(minutes=25))
    make_demo(seed=3)
    return clock


def test_whoever_looks_around_finds_something_true_on_every_page(company: TravellingClock) -> None:
    """One company for all: it takes seconds to make."""
    no_list_is_empty()
    nothing_lies_in_the_future_but_what_is_planned(company())
    everything_ends_after_it_began(company())
    nobody_is_on_call_while_they_are_away()
    what_was_kept_fits_what_happened()
    policies_say_what_they_propose_by_its_name()


def no_list_is_empty() -> None:
    client = Client()
    client.force_login(
        make.person("Ada", "administrator"), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    empty = []
    for path in LISTS.split():
        answer = client.get(f"/{path}")
        assert answer.status_code == 200, path
        if 'class="empty"' in answer.content.decode():
            empty.append(path)
    assert not empty


def nothing_lies_in_the_future_but_what_is_planned(now: datetime) -> None:
    ahead = []
    for model in apps.get_models():
        for field in model._meta.fields:
            if model is Session or field.name == "last_login":
                continue  # of whoever looks, by the clock on the wall
            if not isinstance(field, models.DateTimeField) or AHEAD.search(field.name):
                continue
            if model._default_manager.filter(**{f"{field.name}__gt": now}).exists():
                ahead.append(f"{model.__name__}.{field.name}")
    assert ahead == []


def everything_ends_after_it_began(now: datetime) -> None:
    assert not AlertGroup.objects.filter(
        Q(acknowledged_at__lt=F("opened_at")) | Q(resolved_at__lt=F("opened_at"))
    ).exists()
    assert not AlertGroup.objects.filter(acknowledged_at__gt=F("resolved_at")).exists()
    assert not MitigationRun.objects.filter(ended_at__lt=F("started_at")).exists()
    order = ("started", "detected", "declared", "mitigated", "resolved")
    times: dict[int, dict[str, datetime]] = {}
    for row in KeyTime.objects.all():
        times.setdefault(row.incident_id, {})[row.moment] = row.at
    for known in times.values():
        found = [known[moment] for moment in order if moment in known]
        assert found == sorted(found)
    running = Incident.objects.get(status="active")
    assert running.next_update_at is not None and running.next_update_at > now
    group = running.alert_groups.get()
    assert group.resolved_at is None and group.service in running.services.all()
    assert now - running.declared_at < timedelta(hours=1)


def nobody_is_on_call_while_they_are_away() -> None:
    schedules = list(Schedule.objects.filter(is_demo=True))
    assert Absence.objects.count() == len(schedules)
    for absence in Absence.objects.all():
        plans = plans_of(schedules, absence.starts_at, absence.ends_at)
        for plan in plans.values():
            on = {shift.person for shift in rules.final_shifts(plan, absence.starts_at, absence.ends_at)}
            assert absence.person_id not in on


def what_was_kept_fits_what_happened() -> None:
    """Of the incident that runs, of each that a deploy has caused, and of the alert where a roll-back waits."""
    client = Client()
    client.force_login(Person.objects.get(name="Ada"), backend="allauth.account.auth_backends.AuthenticationBackend")
    running = Incident.objects.get(status="active")
    waiting = AlertGroup.objects.get(pk=Approval.objects.get().escalation.subject_id)
    past = Incident.objects.filter(snapshots__kind="chart", status="resolved").distinct()
    assert past.exists()
    for about, subject in [("incidents", running), ("groups", waiting), *(("incidents", each) for each in past)]:
        kept = {each.kind: each for each in subject.snapshots.all()}
        assert set(kept) == {"chart", "logs", "trace"}
        listed = client.get(f"/evidence/{about}/{subject.pk}", HTTP_HX_REQUEST="true").content.decode()
        for each in kept.values():
            assert f'hx-get="/snapshots/{each.pk}"' in listed
            drawn = client.get(f"/snapshots/{each.pk}", HTTP_HX_REQUEST="true").content.decode()
            assert each.title in drawn and "<html" not in drawn
        assert "No tool is connected" in listed and 'href="/connections"' in listed
        the_curve_rises_after_the_deploy_and_falls_with_the_roll_back(kept["chart"], subject)


def the_curve_rises_after_the_deploy_and_falls_with_the_roll_back(
    kept: Snapshot, subject: Incident | AlertGroup
) -> None:
    [series] = kept.data["series"]
    [[_, limit]] = kept.data["thresholds"]
    began = next(at for at, kind, _ in kept.data["marks"] if kind == "start")
    service = subject.services.get() if isinstance(subject, Incident) else subject.service
    assert service is not None
    deploys = {
        each.at.timestamp(): each.title
        for each in service.changes.filter(kind="deploy")
        if "Fewer questions" in each.title
    }
    deployed = next(at for at, kind, _ in kept.data["marks"] if kind == "change")
    assert deployed in deploys and deployed < began
    assert all(value < limit for at, value in series["points"] if at <= deployed)
    assert all(value > limit for at, value in series["points"] if 0 <= at - began < 60)
    assert series["points"][-1][0] <= kept.data["end"] and kept.taken_at.timestamp() <= kept.data["end"]
    over = isinstance(subject, Incident) and subject.status == "resolved"
    assert (series["points"][-1][1] < limit) is over
    if over:
        mitigated = subject.key_times.get(moment="mitigated").at.timestamp()
        assert all(value < limit for at, value in series["points"] if at > mitigated + 60)
        assert service.changes.filter(
            title__contains="Back to", at__range=(subject.declared_at, kept.taken_at)
        ).exists()


def policies_say_what_they_propose_by_its_name() -> None:
    client = Client()
    client.force_login(Person.objects.get(name="Ada"), backend="allauth.account.auth_backends.AuthenticationBackend")
    approval = Approval.objects.get()
    name = Mitigation.objects.get(slug=approval.mitigation).name
    policy = approval.escalation.policy
    assert policy is not None
    for path in ("/policies", f"/policies/{policy.slug}"):
        said = client.get(path).content.decode()
        assert f"propose {name} (" in said, path
    assert approval.mitigation not in client.get("/policies").content.decode()


def test_nothing_is_sent_what_is_proposed_can_be_tried_and_all_of_it_goes_again(company: TravellingClock) -> None:
    run_due()
    company.advance(timedelta(hours=1))
    run_due()
    ways = set(Attempt.objects.values_list("notification__contact_method__channel", flat=True))
    assert ways <= {"browser"}, "an open tab of Watchroom itself"
    assert not Dispatch.objects.exists()
    assert not Webhook.objects.filter(enabled=True).exists() and not Check.objects.filter(due_at__isnull=False).exists()
    decided = decide_approval(make.actor(), Approval.objects.get(), approve=True)
    assert "was started in incident" in decided.outcome
    Person.objects.filter(is_demo=False).delete()
    remove()
    assert not Person.objects.exists()
    kept: dict[str, Any] = {}
    for model in apps.get_models():
        if model._meta.app_label in {
            "workflows",
            "outgoing",
            "venues",
            "monitors",
            "mitigations",
            "incidents",
            "runbooks",
            "drills",
            "evidence",
        }:
            kept[model.__name__] = model._default_manager.count()
    left = {name: count for name, count in kept.items() if count and name not in {"IncidentSeverity"}}
    assert not left
