"""AWS: what is asked (botocore's Stubber checks it against AWS's own models), and how it goes over the wire to a peer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import pytest
from botocore.stub import Stubber

from peers.http import Answer, HttpPeer, Request
from watchroom.kernel.errors import Refused
from watchroom.kernel.plugins import all_of
from watchroom.runners.aws import _asg, _client, _ecs, _route53
from watchroom.runners.base import Order, RunFailed

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KEYS = {"region": "eu-central-1", "access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": "wJalrXUtnFEMI"}


@pytest.fixture(autouse=True)
def _loopback(configured: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "THEMACHINESOWN")  # never used
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    configured(WATCHROOM_PRIVATE_TARGETS="127.0.0.0/8")
    yield


def runner(name: str) -> Any:
    return all_of("watchroom.runners")[name]


def order(name: str, dry_run: bool = False, **inputs: str) -> Order:
    checked = runner(name).check_inputs(inputs)
    return Order(key="key-1", inputs=checked, at=AT, title="Roll back", incident=7, dry_run=dry_run)


@pytest.fixture
def stubbed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Stubber]]:
    """A client that answers only what it is told to, and checks every request against AWS's description of it."""
    made: list[Stubber] = []

    def stub(service: str) -> Stubber:
        client = _client._made(KEYS, service, {"aws_access_key_id": "x", "aws_secret_access_key": "y"})
        stubber = Stubber(client)
        stubber.activate()
        for module in (_ecs, _asg, _route53):
            monkeypatch.setattr(module, "client", lambda settings, name: client)
        made.append(stubber)
        return stubber

    yield stub
    for each in made:
        each.assert_no_pending_responses()


ARN = "arn:aws:ecs:eu-central-1:123456789012:task-definition/"


def service(definition: str = "shop:12", **primary: Any) -> dict[str, Any]:
    first = {"id": "ecs-svc/1", "status": "PRIMARY", "desiredCount": 2, "runningCount": 2, "rolloutState": "COMPLETED"}
    return {
        "services": [
            {
                "status": "ACTIVE",
                "desiredCount": 2,
                "taskDefinition": ARN + definition,
                "deployments": [first | primary],
            }
        ]
    }


ASKED = {"cluster": "prod", "services": ["shop"]}


def test_ecs_goes_back_to_the_revision_before_and_is_followed(stubbed: Callable[[str], Stubber]) -> None:
    ecs, stub, what = runner("aws_ecs"), stubbed("ecs"), order("aws_ecs", cluster="prod", service="shop")
    stub.add_response("describe_services", service(), ASKED)
    stub.add_response(
        "list_task_definitions", {"taskDefinitionArns": [f"{ARN}shop:13", f"{ARN}shop:12", f"{ARN}shop:10", f"{ARN}shop:9"]},
        {"familyPrefix": "shop", "status": "ACTIVE", "sort": "DESC", "maxResults": 100},
    )  # fmt: skip
    updated = {"service": service("shop:10", id="ecs-svc/2", rolloutState="IN_PROGRESS")["services"][0]}
    stub.add_response(
        "update_service", updated, {"cluster": "prod", "service": "shop", "taskDefinition": f"{ARN}shop:10"}
    )
    began = ecs.start(KEYS, what)
    assert (began.state, began.text, began.reference) == (
        "running",
        "From shop:12 to shop:10.",
        {"deployment": "ecs-svc/2"},
    )
    for fields, state in (
        ({"id": "ecs-svc/2", "rolloutState": "IN_PROGRESS", "runningCount": 1}, "running"),
        ({"id": "ecs-svc/2", "rolloutState": "FAILED", "rolloutStateReason": "tasks failed to start."}, "failed"),
        ({"id": "ecs-svc/3"}, "failed"),  # somebody else has deployed
        ({"id": "ecs-svc/2"}, "succeeded"),
    ):
        stub.add_response("describe_services", service("shop:10", **fields), ASKED)
        assert ecs.poll(KEYS, what, began.reference).state == state


def test_ecs_scales_deploys_anew_and_is_asked_dry(stubbed: Callable[[str], Stubber]) -> None:
    ecs, stub = runner("aws_ecs"), stubbed("ecs")
    stub.add_response("describe_services", service(), ASKED)
    scaled = order("aws_ecs", dry_run=True, do="scale", count="6", cluster="prod", service="shop")
    assert ecs.start(KEYS, scaled).text == "It would be done. From 2 to 6 tasks."
    stub.add_response("describe_services", service(), ASKED)
    stub.add_response(
        "update_service",
        {"service": service()["services"][0]},
        {"cluster": "prod", "service": "shop", "desiredCount": 6},
    )
    assert ecs.start(KEYS, order("aws_ecs", do="scale", count="6", cluster="prod", service="shop")).state == "running"
    stub.add_response("describe_services", service(), ASKED)
    stub.add_response(
        "update_service",
        {"service": service()["services"][0]},
        {"cluster": "prod", "service": "shop", "forceNewDeployment": True},
    )
    assert (
        ecs.start(KEYS, order("aws_ecs", do="deploy anew", cluster="prod", service="shop")).text == "Anew with shop:12."
    )


def test_ecs_says_what_is_not_there(stubbed: Callable[[str], Stubber]) -> None:
    ecs, stub, what = runner("aws_ecs"), stubbed("ecs"), order("aws_ecs", cluster="prod", service="shop")
    stub.add_response("describe_services", {"services": [], "failures": []}, ASKED)
    with pytest.raises(RunFailed, match="There is no service shop"):
        ecs.start(KEYS, what)
    stub.add_response("describe_services", service(), ASKED)
    stub.add_response("list_task_definitions", {"taskDefinitionArns": [f"{ARN}shop:12"]})
    with pytest.raises(RunFailed, match="no active revision of shop before 12"):
        ecs.start(KEYS, what)
    stub.add_client_error("describe_services", "AccessDeniedException", "not yours", 400)
    with pytest.raises(RunFailed, match="AccessDeniedException: not yours") as raised:
        ecs.start(KEYS, what)
    assert raised.value.sure


def group(desired: int, *states: str) -> dict[str, Any]:
    instances = [
        {
            "InstanceId": f"i-{n}", "AvailabilityZone": "eu-central-1a", "LifecycleState": state, "HealthStatus": "Healthy",
            "ProtectedFromScaleIn": False,
        }
        for n, state in enumerate(states)
    ]  # fmt: skip
    row = {
        "AutoScalingGroupName": "web", "MinSize": 1, "MaxSize": 6, "DesiredCapacity": desired, "DefaultCooldown": 300,
        "AvailabilityZones": ["eu-central-1a"], "HealthCheckType": "EC2", "CreatedTime": AT, "Instances": instances,
    }  # fmt: skip
    return {"AutoScalingGroups": [row]}


def test_a_group_gets_another_capacity(stubbed: Callable[[str], Stubber]) -> None:
    asg, stub, what = runner("aws_asg"), stubbed("autoscaling"), order("aws_asg", group="web", count="3")
    stub.add_response(
        "describe_auto_scaling_groups", group(2, "InService", "InService"), {"AutoScalingGroupNames": ["web"]}
    )
    stub.add_response(
        "set_desired_capacity", {}, {"AutoScalingGroupName": "web", "DesiredCapacity": 3, "HonorCooldown": False}
    )
    assert asg.start(KEYS, what).text == "From 2 to 3 instances."
    for found, state in (
        (group(3, "InService", "InService", "Pending"), "running"),
        (group(4, "InService"), "failed"),
        (group(3, "InService", "InService", "InService"), "succeeded"),
    ):
        stub.add_response("describe_auto_scaling_groups", found)
        assert asg.poll(KEYS, what, {}).state == state
    stub.add_response("describe_auto_scaling_groups", group(2))
    with pytest.raises(RunFailed, match="allows 1 to 6"):
        asg.start(KEYS, order("aws_asg", group="web", count="9"))


def test_the_instances_of_a_group_are_replaced(stubbed: Callable[[str], Stubber]) -> None:
    asg, stub, what = (
        runner("aws_asg"),
        stubbed("autoscaling"),
        order("aws_asg", do="refresh", group="web", healthy="50"),
    )
    stub.add_response("describe_auto_scaling_groups", group(2))
    stub.add_response(
        "start_instance_refresh", {"InstanceRefreshId": "r-1"},
        {"AutoScalingGroupName": "web", "Strategy": "Rolling", "Preferences": {"MinHealthyPercentage": 50}},
    )  # fmt: skip
    began = asg.start(KEYS, what)
    for status, state in (
        ("Pending", "running"),
        ("InProgress", "running"),
        ("RollbackFailed", "failed"),
        ("Successful", "succeeded"),
    ):
        stub.add_response(
            "describe_instance_refreshes", {"InstanceRefreshes": [{"InstanceRefreshId": "r-1", "Status": status}]},
            {"AutoScalingGroupName": "web", "InstanceRefreshIds": ["r-1"]},
        )  # fmt: skip
        assert asg.poll(KEYS, what, began.reference).state == state


RECORD = {
    "zone": "Z0123",
    "record": "shop.example.org",
    "values": "backup.example.org",
    "identifier": "eu",
    "weight": "0",
}


def test_a_record_is_pointed_elsewhere(stubbed: Callable[[str], Stubber]) -> None:
    dns, stub, what = runner("aws_route53"), stubbed("route53"), order("aws_route53", **RECORD)
    change = {"Id": "/change/C1", "Status": "PENDING", "SubmittedAt": AT}
    wanted = {
        "Name": "shop.example.org", "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": "backup.example.org"}],
        "SetIdentifier": "eu", "Weight": 0,
    }  # fmt: skip
    batch = {"Comment": "Incident #7: Roll back", "Changes": [{"Action": "UPSERT", "ResourceRecordSet": wanted}]}
    stub.add_response(
        "change_resource_record_sets", {"ChangeInfo": change}, {"HostedZoneId": "Z0123", "ChangeBatch": batch}
    )
    began = dns.start(KEYS, what)
    assert began.reference == {"change": "C1"}
    stub.add_response("get_change", {"ChangeInfo": change}, {"Id": "C1"})
    stub.add_response("get_change", {"ChangeInfo": change | {"Status": "INSYNC"}}, {"Id": "C1"})
    assert [dns.poll(KEYS, what, began.reference).state for _ in range(2)] == ["running", "succeeded"]


# --- Over the wire ---


def settings(peer: HttpPeer, name: str, **more: str) -> dict[str, Any]:
    return dict(runner(name).check({**KEYS, "url": peer.url, **more}))


def test_a_request_is_signed_with_what_was_entered_and_goes_through_our_guard(http_peer: HttpPeer) -> None:
    ecs, what = runner("aws_ecs"), order("aws_ecs", cluster="prod", service="shop", task_definition="shop:9")
    answers = [Answer(body=service()), Answer(body={"service": service()["services"][0]}), Answer(body=service())]
    http_peer.answer(*answers)
    began = ecs.start(settings(http_peer, "aws_ecs"), what)
    assert ecs.poll(settings(http_peer, "aws_ecs"), what, began.reference).state == "succeeded"
    asked, sent = http_peer.requests[:2]
    assert sent.headers["x-amz-target"].endswith(".UpdateService")
    assert sent.json() == {"cluster": "prod", "service": "shop", "taskDefinition": "shop:9"}
    assert "Credential=AKIAIOSFODNN7EXAMPLE/" in sent.headers["authorization"]
    assert asked.json() == ASKED
    outside = {**settings(http_peer, "aws_ecs"), "url": "http://169.254.169.254"}
    with pytest.raises(Refused, match="does not send to"):
        ecs.start(outside, what)


@pytest.mark.parametrize(
    ("answer", "sure"),
    [
        (Answer(503), False),
        (Answer(hang_up=True), False),
        (Answer(400, {"__type": "InvalidParameterException", "message": "no"}), True),
    ],
)
def test_what_is_lost_is_sent_once_and_is_not_sure(http_peer: HttpPeer, answer: Answer, sure: bool) -> None:
    http_peer.answer(Answer(body=service()), answer)
    with pytest.raises(RunFailed) as raised:
        runner("aws_ecs").start(
            settings(http_peer, "aws_ecs"), order("aws_ecs", cluster="prod", service="shop", task_definition="shop:9")
        )
    assert raised.value.sure is sure
    assert len(http_peer.requests) == 2  # nothing is tried again by the SDK


def test_groups_speak_the_query_protocol(http_peer: HttpPeer) -> None:
    head = '<{0}Response xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/">'
    groups = (
        head.format("DescribeAutoScalingGroups") + "<DescribeAutoScalingGroupsResult><AutoScalingGroups><member>"
        "<AutoScalingGroupName>web</AutoScalingGroupName><MinSize>1</MinSize><MaxSize>6</MaxSize>"
        "<DesiredCapacity>2</DesiredCapacity></member></AutoScalingGroups></DescribeAutoScalingGroupsResult>"
        "</DescribeAutoScalingGroupsResponse>"
    )
    done = (
        head.format("SetDesiredCapacity")
        + "<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></SetDesiredCapacityResponse>"
    )
    http_peer.answer(Answer(body=groups), Answer(body=done))
    assert (
        runner("aws_asg").start(settings(http_peer, "aws_asg"), order("aws_asg", group="web", count="4")).state
        == "running"
    )
    sent = parse_qs(http_peer.requests[1].text)
    assert (sent["Action"], sent["DesiredCapacity"], sent["AutoScalingGroupName"]) == (
        ["SetDesiredCapacity"],
        ["4"],
        ["web"],
    )


def test_route_53_speaks_xml_and_a_role_is_taken_on_first(http_peer: HttpPeer) -> None:
    role = (
        '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>'
        "<AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>the-session</SessionToken>"
        "<Expiration>2026-03-02T10:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
    )
    change = (
        '<ChangeResourceRecordSetsResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><ChangeInfo><Id>/change/C1</Id>'
        "<Status>PENDING</Status><SubmittedAt>2026-03-02T09:00:00Z</SubmittedAt></ChangeInfo></ChangeResourceRecordSetsResponse>"
    )

    def answer(request: Request) -> Answer:
        return Answer(body=role if b"AssumeRole" in request.body else change)

    http_peer.otherwise = answer
    taken = settings(http_peer, "aws_route53", role_arn="arn:aws:iam::123456789012:role/watchroom", external_id="x1")
    assert runner("aws_route53").start(taken, order("aws_route53", **RECORD)).reference == {"change": "C1"}
    first, second = http_peer.requests
    assert parse_qs(first.text)["ExternalId"] == ["x1"]
    assert second.path == "/2013-04-01/hostedzone/Z0123/rrset/"
    assert second.headers["x-amz-security-token"] == "the-session" and "ASIAROLE" in second.headers["authorization"]
    assert b"<Action>UPSERT</Action>" in second.body and b"<Weight>0</Weight>" in second.body


@pytest.mark.parametrize(
    ("name", "inputs", "field"),
    [
        ("aws_ecs", {"do": "scale", "service": "shop"}, "count"),
        ("aws_ecs", {"service": "a b"}, "service"),
        ("aws_asg", {"group": "web"}, "count"),
        ("aws_asg", {"group": "web", "do": "refresh", "healthy": "120"}, "healthy"),
        ("aws_route53", RECORD | {"weight": "256"}, "weight"),
        ("aws_route53", RECORD | {"weight": ""}, "weight"),
        ("aws_route53", RECORD | {"zone": "../x"}, "zone"),
    ],
)
def test_inputs_are_checked(name: str, inputs: dict[str, str], field: str) -> None:
    with pytest.raises(Refused) as raised:
        runner(name).check_inputs(inputs)
    assert raised.value.field == field


@pytest.mark.parametrize(
    "wrong", [{"region": "here"}, {"access_key_id": "a b"}, {"role_arn": "admin"}, {"url": "ftp://x"}]
)
def test_settings_are_checked(wrong: dict[str, str]) -> None:
    with pytest.raises(Refused) as raised:
        runner("aws_ecs").check({**KEYS, **wrong})
    assert raised.value.field == next(iter(wrong))
