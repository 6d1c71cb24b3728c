"""The API of paging: policies, contact methods, pages, the delivery log."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from ninja import Router, Status

from ..accounts.models import Person
from ..accounts.queries import person_by, team_by
from ..accounts.roles import Action
from ..api.auth import actor_of
from ..api.lists import Page
from ..api.pages import page
from ..channels.push.keys import public_key
from ..kernel import clock
from ..kernel.errors import NotAllowed, NotFound, Refused
from ..kernel.times import Instant
from ..web.answers import answer
from . import commands
from .commands.contact import parse_hour
from .models import ContactMethod, QuietHours
from .outlook import warnings_of
from .queries import (
    approvals_visible_to,
    defects_visible_to,
    delivery_log,
    dry_run,
    escalations_visible_to,
    missing_ways,
    planned_for,
    policies_visible_to,
    trace,
    versions_of,
)
from .schemas import (
    ApprovalOut,
    CodeBody,
    ContactMethodBody,
    ContactMethodOut,
    DefectOut,
    DryRunLine,
    EscalationOut,
    LimitBody,
    NoteBody,
    NotificationOut,
    NotificationPlanBody,
    NotificationPlanOut,
    PageBody,
    PolicyBody,
    PolicyOut,
    PolicyVersionOut,
    PushKeyOut,
    QuietHoursBody,
    ReasonOut,
    RuleBody,
    RulesBody,
    WarningOut,
    WebhookKeyOut,
)
from .silence import why_quiet
from .views.approvals import approval_for
from .views.defects import defect_for
from .views.policies import facts_from, policy_for

router = Router(tags=["paging"])


def _me(request: HttpRequest) -> Person:
    person = actor_of(request).person
    if person is None:
        raise NotAllowed("Only a person has contact methods.")
    return person


@router.get("/policies", response=Page[PolicyOut], operation_id="list_policies")
def list_policies(request: HttpRequest, cursor: str | None = None, limit: int = 50) -> Any:
    """Escalation policies."""
    rows, following = page(
        policies_visible_to(actor_of(request)).prefetch_related("steps__targets"), cursor=cursor, limit=limit
    )
    return {"items": [PolicyOut.of(row) for row in rows], "next_cursor": following}


@router.post("/policies", response={201: PolicyOut}, operation_id="create_policy")
def create_policy(request: HttpRequest, body: PolicyBody) -> Any:
    """Make a policy."""
    return Status(201, PolicyOut.of(_save(request, None, body)))


@router.get("/policies/{slug}", response=PolicyOut, operation_id="get_policy")
def get_policy(request: HttpRequest, slug: str) -> Any:
    """One policy."""
    return PolicyOut.of(policy_for(actor_of(request), slug))


@router.put("/policies/{slug}", response=PolicyOut, operation_id="change_policy")
def change_policy(request: HttpRequest, slug: str, body: PolicyBody) -> Any:
    """Change a policy; running escalations keep the version with which they started."""
    return PolicyOut.of(_save(request, slug, body))


def _save(request: HttpRequest, slug: str | None, body: PolicyBody) -> Any:
    actor = actor_of(request)
    return commands.save_policy(
        actor,
        policy_for(actor, slug) if slug else None,
        team=team_by(body.team),
        name=body.name,
        description=body.description,
        repeats=body.repeats,
        answers=body.answers,
        steps=[step.dict() for step in body.steps],
    )


@router.delete("/policies/{slug}", response={204: None}, operation_id="delete_policy")
def delete_policy(request: HttpRequest, slug: str) -> Any:
    """Delete a policy that nothing uses."""
    actor = actor_of(request)
    commands.delete_policy(actor, policy_for(actor, slug))
    return Status(204, None)


@router.get("/policies/{slug}/dry-run", response=list[DryRunLine], operation_id="dry_run_policy")
def dry_run_policy(
    request: HttpRequest,
    slug: str,
    at: Instant | None = None,
    urgency: str = "high",
    severity: str = "",
    labels: str = "",
    alerts: int = 1,
) -> Any:
    """What the policy would do if something fired at ``at`` (now by default), by the engine's own functions. ``labels``
    are name=value, separated by commas; ``alerts``: how many have fired at that moment."""
    at = at or clock.now()
    if abs((at - clock.now()).days) > 366:
        raise Refused("That is too far away.", field="at", value=at, fix="Use a time within a year of now.")
    return dry_run(policy_for(actor_of(request), slug), at, facts=facts_from(at, urgency, severity, labels, alerts))


@router.get("/policies/{slug}/versions", response=list[PolicyVersionOut], operation_id="list_policy_versions")
def list_policy_versions(request: HttpRequest, slug: str) -> Any:
    """What the policy said before, and how many escalations that are running still follow each version."""
    return versions_of(policy_for(actor_of(request), slug), 100)


@router.get("/policies/{slug}/webhook-key", response=WebhookKeyOut, operation_id="get_policy_webhook_key")
def get_webhook_key(request: HttpRequest, slug: str) -> Any:
    """The secret that signs what the policy's steps send to webhooks; for those who may change the policy."""
    actor = actor_of(request)
    return {"key": commands.webhook_key(actor, policy_for(actor, slug))}


@router.post("/policies/{slug}/webhook-key", response=WebhookKeyOut, operation_id="renew_policy_webhook_key")
def renew_webhook_key(request: HttpRequest, slug: str) -> Any:
    """Replace it by a new one; the old one signs nothing from here on."""
    actor = actor_of(request)
    return {"key": commands.webhook_key(actor, policy_for(actor, slug), renew=True)}


@router.get("/contact-methods", response=list[ContactMethodOut], operation_id="list_contact_methods")
def list_contact_methods(request: HttpRequest) -> Any:
    """How I am reached."""
    return [ContactMethodOut.of(row) for row in _me(request).contact_methods.all()]


@router.post("/contact-methods", response={201: ContactMethodOut}, operation_id="add_contact_method")
def add_contact_method(request: HttpRequest, body: ContactMethodBody) -> Any:
    """Add a way to reach me."""
    return Status(201, ContactMethodOut.of(commands.add_contact_method(actor_of(request), _me(request), **body.dict())))


def _method(request: HttpRequest, id: int) -> ContactMethod:
    found = ContactMethod.objects.select_related("person").filter(pk=id, person=_me(request)).first()
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
    row = QuietHours.objects.filter(person=_me(request)).first()
    return {"starts": f"{row.starts:%H:%M}" if row else None, "ends": f"{row.ends:%H:%M}" if row else None}


@router.put("/quiet-hours", response=QuietHoursBody, operation_id="set_quiet_hours")
def set_quiet_hours(request: HttpRequest, body: QuietHoursBody) -> Any:
    """Set or (nulls) end them."""
    starts, ends = parse_hour(body.starts, "starts"), parse_hour(body.ends, "ends")
    commands.set_quiet_hours(actor_of(request), _me(request), starts, ends)
    return get_quiet_hours(request)


@router.get("/notification-rules", response=RulesBody, operation_id="get_notification_rules")
def get_notification_rules(request: HttpRequest) -> Any:
    """In which order I am reached."""
    rules: dict[str, list[RuleBody]] = {"high": [], "low": []}
    for rule in _me(request).notification_rules.all():
        rules[rule.urgency].append(RuleBody(contact_method=rule.contact_method_id, wait_seconds=rule.wait_seconds))
    return rules


@router.put("/notification-rules", response=RulesBody, operation_id="set_notification_rules")
def set_notification_rules(request: HttpRequest, body: RulesBody) -> Any:
    """Set in which order I am reached."""
    with transaction.atomic():  # both urgencies or neither
        for urgency, rules in (("high", body.high), ("low", body.low)):
            commands.set_rules(
                actor_of(request), _me(request), urgency, [(rule.contact_method, rule.wait_seconds) for rule in rules]
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


@router.post("/pages", response={201: EscalationOut}, operation_id="page_people")
def page_people(request: HttpRequest, body: PageBody) -> Any:
    """Page people and teams directly, again and again until one of them answers; or carry out an escalation policy."""
    people = [person_by(each) for each in body.people]
    return Status(
        201,
        EscalationOut.of(
            commands.page(
                actor_of(request),
                people=people,
                teams=[team_by(each) for each in body.teams],
                policy=policy_for(actor_of(request), body.policy) if body.policy else None,
                title=body.title,
                body=body.body,
                urgent=body.urgent,
            )
        ),
    )


@router.get("/escalations/{id}", response=EscalationOut, operation_id="get_escalation")
def get_escalation(request: HttpRequest, id: int) -> Any:
    """One escalation with its trace: what happened, and what will happen next and when."""
    row = _escalation(request, id)
    return EscalationOut.of(row, trace(row, actor_of(request)))


@router.post("/escalations/{id}/answer", response=EscalationOut, operation_id="answer_escalation")
def answer_escalation(request: HttpRequest, id: int) -> Any:
    """Answer it, as somebody who was paged."""
    answer(actor_of(request), _escalation(request, id))
    row = _escalation(request, id)
    return EscalationOut.of(row, trace(row, actor_of(request)))


@router.post("/escalations/{id}/withdraw", response=EscalationOut, operation_id="withdraw_page")
def withdraw_page(request: HttpRequest, id: int) -> Any:
    """End a direct page that is no longer needed, as whoever sent it."""
    commands.withdraw_page(actor_of(request), _escalation(request, id))
    row = _escalation(request, id)
    return EscalationOut.of(row, trace(row, actor_of(request)))


def _escalation(request: HttpRequest, id: int) -> Any:
    row = escalations_visible_to(actor_of(request)).filter(pk=id).first()
    if row is None:
        raise NotFound(f"There is no escalation {id}.", field="id", value=id, fix="It may concern other people.")
    return row


@router.get("/policies/{slug}/warnings", response=list[WarningOut], operation_id="list_policy_warnings")
def list_policy_warnings(request: HttpRequest, slug: str) -> Any:
    """Its steps that will have nobody to page within four weeks, found out now."""
    policy = policy_for(actor_of(request), slug)
    return [
        WarningOut(
            step=each.step + 1,
            text=each.text,
            fix=each.fix,
            starts_at=each.starts_at,
            nobody_at_all=each.nobody_at_all,
        )
        for each in warnings_of([policy], clock.now())[policy.pk]
    ]


@router.get("/paging-defects", response=Page[DefectOut], operation_id="list_paging_defects")
def list_paging_defects(
    request: HttpRequest, resolved: bool = False, team: str = "", cursor: str | None = None, limit: int = 50
) -> Any:
    """What kept pages from reaching anybody, or will: the open ones, or those that were resolved."""
    rows = defects_visible_to(actor_of(request)).filter(resolved_at__isnull=not resolved).order_by("-id")
    rows = rows.filter(team__slug=team) if team else rows
    found, following = page(rows, cursor=cursor, limit=limit)
    return {"items": [DefectOut.of(row) for row in found], "next_cursor": following}


@router.post("/paging-defects/{id}/resolve", response=DefectOut, operation_id="resolve_paging_defect")
def resolve_paging_defect(request: HttpRequest, id: int, body: NoteBody) -> Any:
    """Say that it is mended, or known and accepted: a warning about what lies ahead then stays quiet for four weeks."""
    actor = actor_of(request)
    return DefectOut.of(commands.resolve_defect(actor, defect_for(actor, id), note=body.note))


@router.get("/approvals", response=Page[ApprovalOut], operation_id="list_approvals")
def list_approvals(
    request: HttpRequest, state: str = "open", escalation: int | None = None, cursor: str | None = None, limit: int = 50
) -> Any:
    """Mitigations and runbooks that policies have proposed. ``state``: open (the default), approved, declined, withdrawn or all."""
    rows = approvals_visible_to(actor_of(request)).order_by("-id")
    rows = rows if state == "all" else rows.filter(state=state)
    rows = rows.filter(escalation=escalation) if escalation else rows
    found, following = page(rows, cursor=cursor, limit=limit)
    return {"items": [ApprovalOut.of(row) for row in found], "next_cursor": following}


@router.post("/approvals/{id}/approve", response=ApprovalOut, operation_id="approve_proposal")
def approve_proposal(request: HttpRequest, id: int) -> Any:
    """Approve it: the mitigation, or the runbook, is started in the incident, which is declared where there is none."""
    return _decide(request, id, True)


@router.post("/approvals/{id}/decline", response=ApprovalOut, operation_id="decline_proposal")
def decline_proposal(request: HttpRequest, id: int) -> Any:
    """Decline it: nothing is done."""
    return _decide(request, id, False)


def _decide(request: HttpRequest, id: int, approve: bool) -> Any:
    actor = actor_of(request)
    return ApprovalOut.of(commands.decide_approval(actor, approval_for(actor, id), approve=approve))


@router.get("/notifications/why", response=list[ReasonOut], operation_id="why_quiet")
def get_why_quiet(
    request: HttpRequest,
    person: str = "",
    start: Instant | None = None,
    end: Instant | None = None,
) -> Any:
    """Why did my phone not ring? Of oneself or somebody whom one may ask about, in a time (by default the last day)."""
    until = end or clock.now()
    whom = person_by(person) if person else _me(request)
    return why_quiet(actor_of(request), whom, start or until - timedelta(days=1), until)


@router.get("/notifications", response=Page[NotificationOut], operation_id="list_notifications")
def list_notifications(
    request: HttpRequest,
    state: str = "",
    person: str = "",
    channel: str = "",
    escalation: int | None = None,
    text: str = "",
    start: Instant | None = None,
    end: Instant | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Any:
    """The delivery log, with every attempt. ``person``: an id or an e-mail address; ``start`` and ``end``: when a message was
    made; ``text``: in its subject."""
    rows = delivery_log(
        actor_of(request),
        state=state,
        channel=channel,
        person=person_by(person).pk if person else None,
        escalation=escalation,
        text=text,
        start=start,
        end=end,
    )
    found, following = page(rows, cursor=cursor, limit=limit)
    return {"items": [NotificationOut.of(row) for row in found], "next_cursor": following}
