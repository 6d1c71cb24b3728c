"""The pages of alerts, integrations and routes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

import factories
from watchroom.accounts.models import Person
from watchroom.intake.models import (
    AlertGroup,
    GroupEvent,
    InhibitRule,
    Integration,
    MaintenanceWindow,
    Route,
    Signal,
    TimeInterval,
)
from watchroom.kernel import clock
from watchroom.paging import commands as paging

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def sign_in(client: Any, person: Person) -> Person:
    client.force_login(person, backend=BACKEND)
    return person


def paged(group: AlertGroup, person: Person) -> None:
    """``person`` has been paged for ``group``."""
    factories.contact_method(person, "browser")
    paging.start_escalation(
        kind="alert_group",
        subject_id=group.pk,
        title=group.title,
        body="",
        path=f"/alerts/{group.pk}",
        team=group.team,
        policy=factories.policy((person, 300), (factories.person("Ben"), 300)),
    )
    paging.take_turn(1)


# --- The list --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["viewer", "responder", "administrator"])
def test_the_list_costs_the_same_however_long(client: Any, django_assert_max_num_queries: Any, role: str) -> None:
    sign_in(client, factories.person(role=role))
    assert b"Nothing fires" in client.get("/alerts").content
    for number in range(50):
        factories.group(f"Group {number}", service=factories.service())
    with django_assert_max_num_queries(12):
        shown = client.get("/alerts").content.decode()
    assert all(f"Group {number}<" in shown for number in range(50))
    assert 'data-live="alert-groups"' in shown


def test_pages_of_the_list_keep_the_filter(client: Any) -> None:
    sign_in(client, factories.person())
    for number in range(60):
        factories.group(f"Group {number}", severity="warning")
    first = client.get("/alerts?severity=warning").content.decode()
    query = first.partition("?severity=warning&amp;after=")[2].partition('"')[0]
    second = client.get(f"/alerts?severity=warning&after={query}").content.decode()
    names = [f"Group {number}<" for number in range(60)]
    assert sum(name in first for name in names) == 50 and sum(name in second for name in names) == 10
    assert not any(name in first and name in second for name in names)


def test_filters(client: Any) -> None:
    anna = sign_in(client, factories.person("Anna", role="responder"))
    team = factories.team("Mine")
    factories.membership(team, anna)
    factories.group("Theirs")
    own = factories.group("Ours", service=factories.service("Checkout", team=team), severity="warning")
    factories.group("Done", resolved_at=clock.now(), firing=0)
    paged(own, anna)

    def found(query: str) -> set[str]:
        text = client.get(f"/alerts?{query}").content.decode()
        return {name for name in ("Theirs", "Ours", "Done") if f">{name}</a>" in text}

    assert found("") == {"Theirs", "Ours"}
    assert found("state=all") == {"Theirs", "Ours", "Done"}
    assert found("state=resolved") == {"Done"}
    assert found("team=mine") == found("who=me") == found("q=checkout") == found("severity=warning") == {"Ours"}
    assert found(f"team={team.slug}") == found(f"service={own.service.slug}") == {"Ours"}
    assert client.get("/alerts?state=strange").status_code == 422


def test_several_at_once(client: Any) -> None:
    anna = sign_in(client, factories.person("Anna"))
    team = factories.team()
    factories.membership(team, anna)
    groups = [factories.group(service=factories.service(team=team)) for _ in range(3)]
    foreign = factories.group("Foreign", service=factories.service())
    chosen = [groups[0].pk, groups[1].pk, foreign.pk, "nonsense"]
    done = client.post("/alerts/bulk", {"what": "acknowledge", "selected": chosen}, follow=True).content.decode()
    assert "Acknowledged 2 alert groups" in done and "Only a responder" in done
    assert set(AlertGroup.objects.filter(acknowledged_by=anna)) == set(groups[:2])
    client.post("/alerts/bulk", {"what": "resolve", "selected": [groups[0].pk]})
    assert AlertGroup.objects.get(pk=groups[0].pk).state == "resolved"
    assert client.post("/alerts/bulk", {"what": "note", "selected": chosen}).status_code == 422
    assert b"Choose at least one" in client.post("/alerts/bulk", {"what": "resolve"}, follow=True).content


# --- One group -------------------------------------------------------------------------------------------------------


def test_the_page_of_three_in_the_morning(client: Any, django_assert_max_num_queries: Any) -> None:
    anna = sign_in(client, factories.person("Anna"))  # a viewer: she may answer because she was asked
    group = factories.group("Checkout is slow", service=factories.service("Checkout"), policy=factories.policy(anna))
    for number in range(20):
        factories.alert(group, labels={"pod": f"api-{number}"}, annotations={"description": "p99 over 2 s"})
    waiting = AlertGroup.objects.filter(pk=group.pk)
    waiting.update(notify_at=clock.now() + timedelta(seconds=30))
    assert b"paging starts" in client.get(f"/alerts/{group.pk}").content
    waiting.update(notify_at=None)
    paged(group, anna)
    with django_assert_max_num_queries(44):
        shown = client.get(f"/alerts/{group.pk}").content.decode()
    assert "Page Ben" in shown and "pod=api-3" in shown and "p99 over 2 s" in shown
    assert 'data-key="a"' in shown and ">Acknowledge</button>" in shown
    client.post(f"/alerts/{group.pk}/acknowledge")
    acknowledged = client.get(f"/alerts/{group.pk}").content.decode()
    assert ">Resolve</button>" in acknowledged and "Anna" in acknowledged
    client.post(f"/alerts/{group.pk}/note", {"text": "It is the cache."})
    assert b"It is the cache." in client.get(f"/alerts/{group.pk}").content
    client.post(f"/alerts/{group.pk}/unacknowledge")
    client.post(f"/alerts/{group.pk}/escalate")
    client.post(f"/alerts/{group.pk}/resolve")
    kinds = list(GroupEvent.objects.filter(group=group).order_by("id").values_list("kind", flat=True))
    assert kinds == ["acknowledged", "note", "unacknowledged", "escalated", "resolved"]
    assert client.post(f"/alerts/{group.pk}/acknowledge").status_code == 409
    assert client.post(f"/alerts/{group.pk}/explode").status_code == 404
    assert client.get("/alerts/999999").status_code == 404


def test_what_all_alerts_say_is_read_once_and_before_the_button(client: Any) -> None:
    sign_in(client, factories.person(role="responder"))
    group = factories.group("Checkout is slow")
    for number in range(8):
        notes = {"summary": group.title, "description": "p99 over 2 s\n in Oslo", "dashboard": "https://g.example/d/1"}
        notes["__Values__"] = f'[{{"value": {number}}}]'  # Grafana's, for programs; longer by each evaluation
        if number == 3:
            notes["shard"] = "three"
        factories.alert(group, title=group.title, labels={"pod": f"api-{number}", "env": "prod"}, annotations=notes)
    shown = client.get(f"/alerts/{group.pk}").content.decode()
    assert shown.index("p99 over 2 s<br> in Oslo") < shown.index(">Acknowledge</button>")
    assert [shown.count(text) for text in ("p99 over 2 s", "env=prod", ">https://g.example/d/1<", "three")] == [1] * 4
    assert shown.count('<span class="grow strong">Checkout is slow') == 0, "each row said the title again"
    assert "__Values__" not in shown
    assert "In all of them:" in shown and all(f"pod=api-{number}" in shown for number in range(8))
    assert "More alerts" in shown, "a long list stands between its reader and who will be paged"


def test_a_long_story_does_not_push_the_button_off_the_screen(client: Any) -> None:
    sign_in(client, factories.person(role="responder"))
    group = factories.group("Checkout is slow")
    factories.alert(group, annotations={"description": f"{'a word ' * 60}the end, see https://wiki.example/checkout"})
    shown = client.get(f"/alerts/{group.pk}").content.decode()
    before, _, after = shown.partition(">Acknowledge</button>")
    assert "a word" in before and "the end" not in before and 'href="#alerts"' in before
    assert "the end" in after and 'href="https://wiki.example/checkout"' in after and after.count("the end") == 1


def test_alerts_that_say_different_things_keep_their_own_words(client: Any) -> None:
    sign_in(client, factories.person(role="responder"))
    group = factories.group("Disks fill up")
    for disk in ("sda", "sdb"):
        factories.alert(group, title=f"{disk} is full", annotations={"description": f"{disk} has 1 % left"})
    shown = client.get(f"/alerts/{group.pk}").content.decode()
    before, _, after = shown.partition(">Acknowledge</button>")
    for disk in ("sda", "sdb"):
        assert f"{disk} has 1 % left" not in before and f"{disk} is full" in after and f"{disk} has 1 % left" in after


def test_whoever_was_not_asked_needs_the_role(client: Any) -> None:
    group = factories.group()
    sign_in(client, factories.person())
    shown = client.get(f"/alerts/{group.pk}").content.decode()
    assert ">Acknowledge</button>" not in shown and "Add note" not in shown
    assert client.post(f"/alerts/{group.pk}/acknowledge").status_code == 403
    assert client.get(f"/alerts/{group.pk}/acknowledge").status_code == 405


def test_what_a_sender_writes_is_text(client: Any) -> None:
    sign_in(client, factories.person())
    group = factories.group("<script>alert(1)</script>")
    factories.alert(
        group, labels={"<b>": "<i>"}, annotations={"x": '<a href="javascript:1">y</a>'}, link="javascript:alert(1)"
    )
    shown = client.get(f"/alerts/{group.pk}").content.decode()
    assert "<script>alert" not in shown and "<i>" not in shown and 'href="javascript' not in shown


def test_strangers_are_sent_to_sign_in(client: Any) -> None:
    factories.person()
    for path in (
        "/alerts",
        "/integrations",
        "/routes",
        "/policies",
        "/notifications",
        "/me/contact",
        "/system",
        "/page",
    ):
        answer = client.get(path)
        assert answer.status_code == 302 and "/account/login/" in answer["Location"], path


# --- Integrations ----------------------------------------------------------------------------------------------------


def test_an_integration_shows_its_key_once(client: Any) -> None:
    sign_in(client, factories.person(role="manager"))
    team = factories.team()
    refused = client.post("/integrations/new", {"team": team.slug, "name": "Berlin", "source": "pigeon"})
    assert refused.status_code == 422 and b'value="Berlin"' in refused.content
    client.post("/integrations/new", {"team": team.slug, "name": "Berlin", "source": "alertmanager"})
    made = Integration.objects.get()
    first = client.get(f"/integrations/{made.slug}").content.decode()
    assert made.key_hint in first and "Waiting for the first signal" in first and "<pre>" in first
    assert made.key_hint not in client.get(f"/integrations/{made.slug}").content.decode()
    client.post(f"/integrations/{made.slug}/rotate-key")
    assert Integration.objects.get().key_hash != made.key_hash
    client.post(f"/integrations/{made.slug}/pause")
    assert Integration.objects.get().paused and b"Paused" in client.get(f"/integrations/{made.slug}").content
    client.post(f"/integrations/{made.slug}/resume")
    client.post(f"/integrations/{made.slug}/delete")
    assert not Integration.objects.exists()


def test_what_was_refused_is_shown_to_managers_and_can_be_read_again(client: Any) -> None:
    integration = factories.integration()
    signal = factories.signal(
        integration,
        b'{"alerts": "a secret"}',
        refused=True,
        problems=[{"field": "alerts", "value": "a secret", "fix": "Send a list."}],
    )
    sign_in(client, factories.person())
    assert b"a secret" not in client.get(f"/integrations/{integration.slug}").content
    assert client.post(f"/signals/{signal.pk}/replay").status_code == 403
    sign_in(client, factories.person(role="manager"))
    shown = client.get(f"/integrations/{integration.slug}").content.decode()
    assert "Send a list." in shown and "a secret" in shown
    client.post(f"/signals/{signal.pk}/replay")
    assert [each.state for each in Signal.objects.order_by("id")] == ["rejected", "pending"]


def test_integrations_cost_the_same_however_many(client: Any, django_assert_max_num_queries: Any) -> None:
    sign_in(client, factories.person())
    for _ in range(30):
        factories.integration(service=factories.service())
    with django_assert_max_num_queries(8):
        client.get("/integrations")


# --- Routes ----------------------------------------------------------------------------------------------------------


def test_inhibition_rules_are_made_changed_and_deleted(client: Any) -> None:
    sign_in(client, factories.person(role="manager"))
    assert "New inhibition rule" in client.get("/silences").content.decode()
    given = {"name": "Node", "source_matchers": "alertname=NodeDown", "target_matchers": "(", "equal": "node, dc"}
    bad = client.post("/inhibit-rules/new", given)
    assert bad.status_code == 422 and b'value="node, dc"' in bad.content
    client.post("/inhibit-rules/new", given | {"target_matchers": 'severity="info"\na=b'})
    rule = InhibitRule.objects.get()
    assert (rule.equal, rule.target_matchers, rule.team) == (["node", "dc"], ['severity="info"', 'a="b"'], None)
    assert b"alertname=&quot;NodeDown&quot;" in client.get(f"/inhibit-rules/{rule.pk}").content
    client.post(f"/inhibit-rules/{rule.pk}", given | {"target_matchers": "a=b", "equal": ""})
    rule.refresh_from_db()
    assert (rule.equal, rule.target_matchers) == ([], ['a="b"'])
    sign_in(client, factories.person())
    assert client.post(f"/inhibit-rules/{rule.pk}/delete").status_code == 403
    assert client.post("/inhibit-rules/new", given | {"target_matchers": "a=b"}).status_code == 403
    sign_in(client, factories.person(role="manager"))
    client.post(f"/inhibit-rules/{rule.pk}/delete")
    assert not InhibitRule.objects.exists()


def test_time_intervals_are_made_used_and_deleted(client: Any) -> None:
    sign_in(client, factories.person(role="manager"))
    assert b"start_time" in client.get("/time-intervals/new").content  # an example
    bad = client.post("/time-intervals/new", {"name": "night", "intervals": "- {weekdays: [someday]}"})
    assert bad.status_code == 422 and b"someday" in bad.content
    assert client.post("/time-intervals/new", {"name": "night", "intervals": "- {"}).status_code == 422
    client.post("/time-intervals/new", {"name": "night", "intervals": "- {weekdays: ['saturday']}"})
    night = TimeInterval.objects.get()
    page = client.get("/routes/new").content
    assert page.count(b'value="night"') == 3
    client.post("/routes/new", {"name": "x", "matchers": "a=b", "mute_intervals": "night", "severities": "info c=d"})
    route = Route.objects.get()
    assert (route.mute_intervals, route.severities) == (["night"], [{"severity": "info", "matcher": 'c="d"'}])
    shown = client.get(f"/routes/{route.pk}").content.decode()
    assert "info c=&quot;d&quot;" in shown and "checked" in shown
    client.post(f"/time-intervals/{night.pk}", {"name": "weekend", "intervals": "- {weekdays: ['saturday']}"})
    assert "Mute during weekend" in client.get("/routes").content.decode()
    assert client.post(f"/time-intervals/{night.pk}/delete").headers["location"] == f"/time-intervals/{night.pk}"
    client.post(f"/routes/{route.pk}/delete")
    client.post(f"/time-intervals/{night.pk}/delete")
    assert not TimeInterval.objects.exists()


def test_a_drill_is_sent_from_the_tester(client: Any) -> None:
    sign_in(client, factories.person(role="manager"))
    service = factories.service("Checkout", policy=factories.policy(factories.person("Anna")))
    client.post("/routes/new", {"name": "all", "matchers": "a=b", "service": service.slug})
    assert "Send it as a drill" in client.get("/routes?labels=a=b").content.decode()
    answer = client.post("/routes/drill", {"labels": "a=b"}, follow=True)
    assert "The drill is on its way" in answer.content.decode()
    assert "lead to no service" in client.post("/routes/drill", {"labels": "x=y"}, follow=True).content.decode()


def test_routes_are_made_tried_and_deleted(client: Any, django_assert_max_num_queries: Any) -> None:
    sign_in(client, factories.person(role="manager"))
    service = factories.service("Checkout")
    bad = client.post("/routes/new", {"name": "Payments", "matchers": "("})
    assert bad.status_code == 422 and b'value="Payments"' in bad.content
    client.post(
        "/routes/new", {"name": "Payments", "matchers": 'team="payments"\nseverity=~"crit.*"', "service": service.slug}
    )
    route = Route.objects.get()
    assert route.matchers == ['team="payments"', 'severity=~"crit.*"'] and route.service == service
    client.post(
        "/routes/new",
        {"name": "Below", "matchers": "a=b", "parent": route.pk, "group_by": "pod, node", "group_wait_seconds": "9"},
    )
    below = Route.objects.get(name="Below")
    assert (below.parent, below.group_by, below.group_wait_seconds) == (route, ["pod", "node"], 9)
    with django_assert_max_num_queries(15):
        tried = client.get("/routes", {"labels": "team=payments severity=critical a=b"}).content.decode()
    assert "Payments → Below" in tried and "pod, node" in tried and "Passes it on" in tried
    assert client.get("/routes?labels=nonsense").status_code == 422
    assert b'value="pod node"' in client.get(f"/routes/{below.pk}").content
    client.post(f"/routes/{below.pk}", {"name": "Below", "matchers": "a=b", "parent": route.pk, "group_by": "-"})
    below.refresh_from_db()
    assert below.group_by == [] and b'value="-"' in client.get(f"/routes/{below.pk}").content
    circle = {"name": "Payments", "matchers": "team=payments", "parent": below.pk}
    assert client.post(f"/routes/{route.pk}", circle).status_code == 422
    client.post(f"/routes/{route.pk}/delete")
    assert not Route.objects.exists()
    sign_in(client, factories.person())
    assert client.post("/routes/new", {"name": "x", "matchers": "a=b"}).status_code == 403


def test_what_to_do_is_one_press_away(client: Any) -> None:
    sign_in(client, factories.person(role="administrator"))
    group = factories.group("Disk", service=factories.service())
    link = "https://wiki.example.org/disk"
    factories.alert(group, annotations={"runbook_url": link, "runbook": "javascript:alert(1)"})
    factories.alert(group, annotations={"runbook_url": link})
    shown = client.get(f"/alerts/{group.pk}").content.decode()
    assert shown.count(f'<a class="button" href="{link}"') == 1 and 'href="javascript' not in shown
    assert "Fix this alert" not in shown
    client.post(f"/alerts/{group.pk}/acknowledge")
    shown = client.get(f"/alerts/{group.pk}").content.decode()
    assert "Fix this alert" in shown
    # Whoever has it and sees it fire looks next: to call it over is not the biggest button.
    assert shown.count(f'<a class="button primary big full" href="{link}"') == 1
    assert shown.count("primary big full") == 1 and 'class="button" data-key="r"' in shown
    answer = client.post("/insights/fix", {"rule": group.rule, "team": group.team.slug, "text": ""})
    assert answer.status_code == 302 and answer["Location"].startswith("/actions/")


def test_each_piece_of_the_set_up_can_be_copied(client: Any) -> None:
    sign_in(client, factories.person(role="administrator"))
    factories.integration(slug="icinga", source="nagios")
    shown = client.get("/integrations/icinga").content.decode()
    assert shown.count("data-copy>Copy") == 2 and shown.count('<div class="copy"><pre') == 2
    assert "$HOSTADDRESS$" in shown


def test_maintenance_is_planned_for_services_of_teams_for_which_one_responds(client: Any) -> None:
    """Those of other teams were offered and refused afterwards, and what was written was gone."""
    own, other = factories.service("Carts"), factories.service("Payments")
    otto = sign_in(client, factories.person("Otto"))
    factories.membership(own.team, otto, "responder")
    page = client.get("/maintenance/new").content.decode()
    assert ">Carts<" in page and ">Payments<" not in page
    said = {"title": "New disks", "team": own.team.slug, "hours": "1", "timezone": "UTC"}
    refused = client.post("/maintenance/new", said | {"services": [own.slug, other.slug]})
    page = refused.content.decode()
    assert refused.status_code == 422 and 'data-names="services"' in page and str(other.team) in page
    assert 'value="New disks"' in page and f'value="{own.slug}" selected' in page
    assert client.post("/maintenance/new", said | {"services": [own.slug]}).status_code == 302
    window = MaintenanceWindow.objects.get()
    window.services.add(other)  # somebody who responds for both did
    page = client.get(f"/maintenance/{window.pk}").content.decode()
    assert f'value="{other.slug}" selected' in page
