"""Alerts that always fire together: what is suggested, on what evidence, and what accepting it changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

import factories as make
from watchroom.accounts.actors import acting
from watchroom.accounts.models import AuditRecord
from watchroom.accounts.roles import Role
from watchroom.cli.main import cli
from watchroom.engine.loop import run_due
from watchroom.insights import grouping
from watchroom.insights.duties import duties
from watchroom.insights.models import GroupingSuggestion
from watchroom.insights.rules.together import LEAST_TIMES, Opening, messages, suggestions
from watchroom.intake.commands import read_signals, save_route
from watchroom.intake.models import AlertGroup, Integration, Route
from watchroom.kernel import clock as kernel_clock
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Conflict, NotAllowed, NotFound
from watchroom.paging.models import Notification

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def opening(number: int, hours: float, rule: str, seconds: int = 0, **labels: str) -> Opening:
    at = NOW + hours * HOUR + timedelta(seconds=seconds)
    key = f"{rule} {sorted(labels.items())}"
    return Opening(at, number, key, rule, 1, {"alertname": rule, "severity": "critical", **labels})


def outages(times: int, rules: int = 4, cluster: str = "eu", start: float = 0) -> list[Opening]:
    return [
        opening(100 * each + rule, start + 5 * each, f"Rule{rule}", 20 * rule, cluster=cluster, instance=f"db-{rule}")
        for each in range(times)
        for rule in range(rules)
    ]


def test_what_fires_together_each_time_is_suggested_by_the_label_it_shares() -> None:
    (found,) = suggestions([*outages(9), *outages(4, cluster="us", start=2)])
    assert (found.label, found.rules) == ("cluster", ("Rule0", "Rule1", "Rule2", "Rule3"))
    assert (found.alerts, found.times, found.together, found.groups, found.spared) == (8, 13, 13, 52, 39)
    assert found.whole and len(found.examples) == 4


def test_what_fires_together_seldom_or_not_always_is_not() -> None:
    assert suggestions(outages(LEAST_TIMES - 1)) == []
    assert suggestions(outages(9, rules=2)) == []
    apart = [opening(each, 5 * each, f"Rule{each % 4}", cluster="eu") for each in range(40)]
    assert suggestions(apart) == []
    assert suggestions([*outages(3), *(opening(900 + each, 1 + 5 * each, "Rule1", cluster="eu", instance="db-1") for each in range(3))]) == []  # fmt: skip


def test_messages_are_counted_as_people_got_them() -> None:
    occasions = [(1, 2, 3), (4, 5), (6,)]
    received = {1: {10, 11}, 2: {10}, 3: {12}, 4: {20}, 5: {21, 22}}  # 10 is about two groups; about 6 nobody heard
    assert messages(occasions, received) == (3 + 3, 2 + 2)
    assert messages([], received) == messages([()], {}) == (0, 0)


def test_others_beside_them_are_left_out_and_another_service_is_never_grouped_with_them() -> None:
    others = [opening(500 + each, 2 + 7 * each, "Disk", cluster="eu", instance=f"i{each}") for each in range(20)]
    (found,) = suggestions([*outages(5), *others])
    assert found.rules == ("Rule0", "Rule1", "Rule2", "Rule3") and not found.whole and found.groups == 20
    split = [Opening(o.at, o.group, o.key, o.rule, o.group % 4, o.labels) for o in outages(5)]
    assert suggestions(split) == []


OPENINGS = st.lists(
    st.builds(
        lambda number, minutes, rule, labels: opening(number, minutes / 60, f"R{rule}", **labels),
        st.integers(0, 10**6), st.integers(0, 300), st.integers(0, 5),
        st.dictionaries(st.sampled_from(["cluster", "node", "zone"]), st.sampled_from("abc"), max_size=3),
    ),
    max_size=60,
)  # fmt: skip


@settings(max_examples=150, derandomize=True, deadline=None)
@given(OPENINGS)
def test_whatever_opened_a_suggestion_spares_groups_and_counts_what_there_was(openings: list[Opening]) -> None:
    found = suggestions(openings)
    assert found == suggestions(list(reversed(openings)))
    for each in found:
        assert each.spared > 0 and LEAST_TIMES <= each.together <= each.times < each.groups <= len(openings)
        assert set(each.rules) <= {one.rule for one in openings} and each.label not in {"alertname", "severity"}
    assert len({rule for each in found for rule in each.rules}) == sum(len(each.rules) for each in found)


# --- From stored alerts to a route -----------------------------------------------------------------------------------


@pytest.fixture
def integration(clock: TravellingClock, db: None) -> Integration:
    anna = make.person("Anna", "responder")
    make.contact_method(anna, "browser", {"person": anna.pk})
    return make.integration(service=make.service("Checkout", policy=make.policy((anna, 300))))


def fire(integration: Integration, *alerts: dict[str, str], over: bool = False) -> None:
    end = kernel_clock.now() + (timedelta() if over else timedelta(days=1))
    said = [{"labels": {"severity": "critical", **each}, "endsAt": end.isoformat()} for each in alerts]
    make.signal(integration, json.dumps(said).encode())
    read_signals(10)


ALL = [{"alertname": f"Rule{each}", "cluster": "eu", "instance": f"db{each}"} for each in range(4)]


def some_outages(integration: Integration, clock: TravellingClock, times: int = 4) -> None:
    for _ in range(times):
        fire(integration, *ALL)
        clock.advance(timedelta(minutes=10))
        fire(integration, *ALL, over=True)
        clock.advance(5 * HOUR)


def counted(clock: TravellingClock) -> GroupingSuggestion:
    clock.advance(grouping.EVERY)
    run_due(duties)
    return GroupingSuggestion.objects.get(state="open")


def test_accepting_it_makes_one_group_of_many_and_is_not_suggested_again(
    clock: TravellingClock, integration: Integration, client: Client
) -> None:
    some_outages(integration, clock)
    assert AlertGroup.objects.count() == 16
    row = counted(clock)
    assert row.evidence == (
        "These 4 alerts fired within 2 minutes of each other 4 times of 4 in 30 days. Grouped by cluster they would have "
        "made 4 alert groups instead of 16."
    )
    client.force_login(make.person("Manager", Role.MANAGER))
    page = client.get("/insights/grouping").content.decode()
    assert "instead of 16" in page and "Group by cluster" in page and "after all others" in page
    assert "See 1 suggestion" in client.get("/routes").content.decode()
    assert client.post(f"/insights/grouping/{row.pk}/accept").status_code == 302
    row.refresh_from_db()
    route = Route.objects.get()
    assert (row.state, row.made, route.group_by, route.team) == ("accepted", route, ["cluster"], row.team)
    assert AuditRecord.objects.filter(action="grouping.accepted").count() == 1
    fire(integration, *ALL)
    assert AlertGroup.objects.filter(resolved_at__isnull=True).get().total == 4
    assert "Decided" in client.get("/insights/grouping").content.decode()
    clock.advance(grouping.EVERY)
    run_due(duties)
    assert not GroupingSuggestion.objects.filter(state="open").exists()
    with pytest.raises(Conflict):
        grouping.dismiss(make.actor(), row)


def test_it_says_how_many_messages_people_got(clock: TravellingClock, integration: Integration) -> None:
    some_outages(integration, clock)
    pages = Notification.objects.filter(purpose="page").order_by("pk")
    first, *others = list(pages.values_list("pk", flat=True))
    pages.update(state="sent", ended_at=kernel_clock.now(), due_at=None)
    pages.filter(pk__in=others[:3]).update(bundle=first)  # the four of the first time went as one message
    row = counted(clock)
    assert (len(others), row.messages, row.messages_grouped) == (15, 13, 4)
    assert row.evidence.endswith("People got 13 messages about them; it would have been about 4.")


def test_a_route_through_which_nothing_else_goes_is_changed_itself(
    clock: TravellingClock, integration: Integration
) -> None:
    route = save_route(
        make.actor(), None, name="eu", matchers=['cluster="eu"'], group_by=["alertname"], urgency="high", severities=[]
    )
    some_outages(integration, clock)
    row = counted(clock)
    assert row.whole and row.route == route and grouping.effect(row) == "The route eu groups by cluster."
    grouping.accept(make.actor(), row)
    changed = Route.objects.get()
    assert (changed.group_by, changed.urgency, changed.severities) == (["cluster"], "high", [])


def test_what_is_dismissed_stays_dismissed_and_what_is_no_longer_so_goes(
    clock: TravellingClock, integration: Integration
) -> None:
    some_outages(integration, clock)
    row = counted(clock)
    clock.advance(grouping.EVERY)
    run_due(duties)
    assert GroupingSuggestion.objects.get().pk == row.pk  # counted anew, and still the same
    grouping.dismiss(make.actor(), row)
    clock.advance(grouping.EVERY)
    run_due(duties)
    assert GroupingSuggestion.objects.get().state == "dismissed" and not Route.objects.exists()
    GroupingSuggestion.objects.all().delete()
    counted(clock)
    clock.advance(grouping.BACK)
    run_due(duties)
    assert not GroupingSuggestion.objects.exists()


def test_a_label_that_differs_within_a_group_can_not_hold_it_together(
    clock: TravellingClock, integration: Integration
) -> None:
    several = [{**each, "cluster": cluster} for each in ALL for cluster in ("eu", "us")]
    for _ in range(4):
        fire(integration, *several)
        clock.advance(timedelta(minutes=10))
        fire(integration, *several, over=True)
        clock.advance(5 * HOUR)
    clock.advance(grouping.EVERY)
    run_due(duties)
    assert AlertGroup.objects.count() == 16 and not GroupingSuggestion.objects.exists()


def test_only_who_manages_all_that_it_changes_decides(
    clock: TravellingClock, integration: Integration, client: Client
) -> None:
    some_outages(integration, clock)
    row = counted(clock)
    viewer, member = make.person("Viewer"), make.person("Member")
    make.membership(row.team, member)
    with pytest.raises(NotFound):
        grouping.suggestion_for(acting(viewer), row.pk + 1)
    assert grouping.suggestion_for(acting(viewer), row.pk) == row
    client.force_login(member)
    page = client.get("/insights/grouping").content.decode()
    assert "A manager of" in page and "Leave it as it is" not in page
    for what in ("accept", "dismiss"):
        assert client.post(f"/insights/grouping/{row.pk}/{what}").status_code == 403
        assert client.post(f"/api/v1/grouping-suggestions/{row.pk}/{what}").status_code == 403
    manager = make.person("Team manager")
    make.membership(row.team, manager, Role.MANAGER)
    other = make.integration(service=make.service("Other", team=make.team("Others")), slug="other", name="Other")
    fire(other, *ALL[:1])
    with pytest.raises(NotAllowed):  # a route for them would change others' alerts too
        grouping.accept(acting(manager), row)
    assert not Route.objects.exists()
    row.refresh_from_db()
    assert row.state == "open"


def test_by_api_and_command_line(clock: TravellingClock, integration: Integration) -> None:
    make.person("Root", "administrator")
    some_outages(integration, clock)
    row = counted(clock)

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(cli, ["insights", "grouping", *arguments])
        assert result.exit_code == 0, result.output
        return result.output

    listed = run("list")
    assert "instead of 16" in listed and "groups by cluster" in listed
    assert json.loads(run("list", "--json"))["items"][0]["groups"] == 16
    assert "groups by cluster from now on" in run("accept", str(row.pk))
    assert "Nothing" in run("list")
    assert json.loads(run("list", "--state", "accepted", "--json"))["items"][0]["made_route"] == Route.objects.get().pk


def test_looking_costs_the_same_number_of_queries_however_much_there_is(
    clock: TravellingClock, integration: Integration, client: Client, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    some_outages(integration, clock, times=8)
    clock.advance(grouping.EVERY)
    with django_assert_max_num_queries(20):
        grouping.look()
    client.force_login(make.person("Manager", Role.MANAGER))
    with django_assert_max_num_queries(25):
        client.get("/insights/grouping")
