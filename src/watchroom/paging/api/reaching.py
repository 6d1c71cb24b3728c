"""How somebody is reached, over the API: contact methods, rules, plans, quiet hours."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpRequest
from ninja import Router, Status

from ...accounts.queries import person_by
from ...accounts.roles import Action
from ...api.auth import actor_of
from ...channels.push.keys import public_key
from ...kernel.errors import NotFound
from .. import commands
from ..commands.contact import parse_hour
from ..models import ContactMethod, QuietHours
from ..queries import missing_ways, planned_for
from ..schemas.deliveries import NotificationOut
from ..schemas.reaching import (
    CodeBody,
    ContactMethodBody,
    ContactMethodOut,
    LimitBody,
    NotificationPlanBody,
    NotificationPlanOut,
    PushKeyOut,
    QuietHoursBody,
    RuleBody,
    RulesBody,
)
from ._own import own

router = Router(tags=["Paging"])


@router.get("/contact-methods", response=list[ContactMethodOut], operation_id="list_contact_methods")
def list_contact_methods(request: HttpRequest) -> Any:
    """How I am reached."""
    return [ContactMethodOut.of(row) for row in own(request).contact_methods.all()]


@router.post("/contact-methods", response={201: ContactMethodOut}, operation_id="add_contact_method")
def add_contact_method(request: HttpRequest, body: ContactMethodBody) -> Any:
    """Add a way to reach me."""
    return Status(201, ContactMethodOut.of(commands.add_contact_method(actor_of(request), own(request), **body.dict())))


def _method(request: HttpRequest, id: int) -> ContactMethod:
    found = ContactMethod.objects.select_related("person").filter(pk=id, person=own(request)).first()
    if found is None:
        raise NotFound(f"You have no contact method {id}.", field="id", value=id, fix="See GET /contact-methods.")
    return found


@router.post("/contact-methods/{id}/test", response={202: NotificationOut}, operation_id="test_contact_method")
def test_contact_method(request: HttpRequest, id: int) -> Any:
    """Send a test page by it."""
    return Status(202, NotificationOut.of(commands.test_contact_method(actor_of(request), _method(request, id))))


@router.post("/contact-methods/{id}/send-code", response={202: NotificationOut}, operation_id="send_contact_code")
def send_contact_code(request: HttpRequest, id: int) -> Any:
    """Send a six-digit code by it, which is good for ten minutes."""
    return Status(202, NotificationOut.of(commands.send_code(actor_of(request), _method(request, id))))


@router.post("/contact-methods/{id}/confirm", response=ContactMethodOut, operation_id="confirm_contact_code")
def confirm_contact_code(request: HttpRequest, id: int, body: CodeBody) -> Any:
    """Give the code that came by it: from now on it is known to reach me."""
    return ContactMethodOut.of(commands.confirm_code(actor_of(request), _method(request, id), body.code))


@router.post("/contact-methods/{id}/enable", response=ContactMethodOut, operation_id="enable_contact_method")
def enable_contact_method(request: HttpRequest, id: int, enabled: bool = True) -> Any:
    """Use it, or (``enabled=false``) leave it out of every page until it is enabled again."""
    method = _method(request, id)
    commands.enable_contact_method(actor_of(request), method, enabled)
    return ContactMethodOut.of(method)


@router.delete("/contact-methods/{id}", response={204: None}, operation_id="remove_contact_method")
def remove_contact_method(request: HttpRequest, id: int) -> Any:
    """Remove it."""
    commands.remove_contact_method(actor_of(request), _method(request, id))
    return Status(204, None)


@router.put("/contact-methods/{id}/limit", response=ContactMethodOut, operation_id="limit_contact_method")
def limit_contact_method(request: HttpRequest, id: int, body: LimitBody) -> Any:
    """How many messages may come by it within how long; nulls: as its channel has it."""
    return ContactMethodOut.of(
        commands.set_limit(
            actor_of(request),
            _method(request, id),
            count=body.limit_count,
            seconds=body.limit_seconds,
            collect_seconds=body.collect_seconds,
        )
    )


@router.get("/push-key", response=PushKeyOut, operation_id="get_push_key")
def get_push_key(request: HttpRequest) -> Any:
    """The key with which a browser or app subscribes to push messages (``applicationServerKey``)."""
    actor_of(request).require(Action.SEE)
    return {"key": public_key()}


@router.get("/quiet-hours", response=QuietHoursBody, operation_id="get_quiet_hours")
def get_quiet_hours(request: HttpRequest) -> Any:
    """When what is not urgent waits, by my time zone; nulls: never."""
    row = QuietHours.objects.filter(person=own(request)).first()
    return {"starts": f"{row.starts:%H:%M}" if row else None, "ends": f"{row.ends:%H:%M}" if row else None}


@router.put("/quiet-hours", response=QuietHoursBody, operation_id="set_quiet_hours")
def set_quiet_hours(request: HttpRequest, body: QuietHoursBody) -> Any:
    """Set or (nulls) end them."""
    starts, ends = parse_hour(body.starts, "starts"), parse_hour(body.ends, "ends")
    commands.set_quiet_hours(actor_of(request), own(request), starts, ends)
    return get_quiet_hours(request)


@router.get("/notification-rules", response=RulesBody, operation_id="get_notification_rules")
def get_notification_rules(request: HttpRequest) -> Any:
    """In which order I am reached."""
    rules: dict[str, list[RuleBody]] = {"high": [], "low": []}
    for rule in own(request).notification_rules.all():
        rules[rule.urgency].append(RuleBody(contact_method=rule.contact_method_id, wait_seconds=rule.wait_seconds))
    return rules


@router.put("/notification-rules", response=RulesBody, operation_id="set_notification_rules")
def set_notification_rules(request: HttpRequest, body: RulesBody) -> Any:
    """Set in which order I am reached."""
    with transaction.atomic():  # both urgencies or neither
        for urgency, rules in (("high", body.high), ("low", body.low)):
            commands.set_rules(
                actor_of(request), own(request), urgency, [(rule.contact_method, rule.wait_seconds) for rule in rules]
            )
    return get_notification_rules(request)


def _plan(request: HttpRequest, person: str) -> Any:
    actor, who = actor_of(request), person_by(person)
    actor.require(commands.needed_for(actor, who))
    plan = planned_for(who)
    if plan is None:
        raise NotFound("There is no plan for them.", field="person", value=person, fix="Their own rules count.")
    return {**plan, "missing": missing_ways(who)}


@router.get("/people/{person}/notification-plan", response=NotificationPlanOut, operation_id="get_notification_plan")
def get_notification_plan(request: HttpRequest, person: str) -> Any:
    """In what order somebody (id or e-mail address) is to be reached. One's own, or any for administrators."""
    return _plan(request, person)


@router.put("/people/{person}/notification-plan", response=NotificationPlanOut, operation_id="set_notification_plan")
def set_notification_plan(request: HttpRequest, person: str, body: NotificationPlanBody) -> Any:
    """Their rules become what it says of the ways that they have; a way that they add later takes its place in it."""
    commands.set_plan(actor_of(request), person_by(person), body.dict())
    return _plan(request, person)


@router.delete("/people/{person}/notification-plan", response={204: None}, operation_id="remove_notification_plan")
def remove_notification_plan(request: HttpRequest, person: str) -> Any:
    """Their rules stay as they are, and are theirs to change."""
    commands.set_plan(actor_of(request), person_by(person), None)
    return Status(204, None)
