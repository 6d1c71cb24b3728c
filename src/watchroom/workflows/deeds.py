"""What a workflow can do. Each kind of action is checked when it is saved, said in words, and done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ..accounts.actors import Actor
from ..accounts.models import Person, Team
from ..channels.base import DeliveryFailed
from ..incidents.commands import (
    acting_in,
    add_task,
    assign_role,
    must_be_open,
    publish_update,
    save_draft,
    write_system,
)
from ..incidents.models import Incident, RoleAssignment, RoleName, UpdateDraft, UpdateTemplate
from ..incidents.queries import facts_for_templates
from ..incidents.rules import PARTS, filled
from ..kernel import clock
from ..kernel import settings as conf
from ..kernel.errors import Conflict, Refused
from ..mitigations.models import Mitigation
from ..oncall.models import Schedule
from ..oncall.queries import who
from ..outgoing.commands import send_event
from ..outgoing.models import Event, Webhook
from ..paging.commands import start_escalation
from ..paging.models import Escalation, EscalationPolicy
from ..paging.rooms import by_its_clock
from ..paging.wording import time_stamp
from ..status.commands import is_for_strangers
from ..status.commands import publish as show_on_pages
from ..status.models import StatusPage
from ..venues.commands import begin
from ..venues.queries import plan_for
from ..workspaces.base import Card
from ..workspaces.models import Workspace
from ..workspaces.queries import client_of
from .models import WorkflowRun
from .rules import Words

Action = Mapping[str, Any]


@dataclass(frozen=True)
class Doing:
    """What an action is done with."""

    by: Actor
    incident: Incident
    run: WorkflowRun
    number: int

    @property
    def words(self) -> Words:
        incident = self.incident
        title = "a private incident" if incident.private else incident.title
        link = f"{conf.current().url}/incidents/{incident.pk}"
        return Words(title=title, severity=f"SEV{incident.severity}", number=incident.pk, link=link)

    @property
    def key(self) -> str:
        return f"workflow-{self.run.pk}-{self.number}"


@dataclass(frozen=True)
class Deed:
    """A kind of action. ``fields``: what it takes, and what that means. ``checked`` looks whether all that is named is
    there. ``said``: in words, what it would do. ``done``: does it, and says what came of it. ``asks``: it speaks to
    another server, so it is done outside of any transaction."""

    label: str
    fields: Mapping[str, str]
    checked: Callable[[Action], object]
    said: Callable[[Action], str]
    done: Callable[[Doing, Action], str]
    asks: bool = False


def _wanted(given: object) -> list[str]:
    return [str(each) for each in given] if isinstance(given, list) else ([str(given)] if given else [])


def _rows(model: Any, name: str, given: object, by: str = "slug") -> list[Any]:
    wanted = _wanted(given)
    found = {str(getattr(each, by)).lower(): each for each in model.objects.filter(**{f"{by}__in": wanted})}
    for each in wanted:
        if each.lower() not in found:
            raise Refused(f"There is no such {name.rstrip('s')}.", field=name, value=each, fix="Correct the name.")
    return [found[each.lower()] for each in wanted]


def _one(model: Any, action: Action, name: str, by: str = "slug") -> Any:
    found = _rows(model, name, action.get(name), by)
    if not found:
        raise Refused("This is missing.", field=name, value="", fix=f"Name the {name.replace('_', ' ')}.")
    return found[0]


def _text(action: Action, name: str, most: int = 2000) -> str:
    text = str(action.get(name) or "").strip()
    if not text or len(text) > most:
        raise Refused(
            "The text is missing or too long.", field=name, value=text[:40], fix=f"Write 1 to {most} characters."
        )
    return text


# --- Page ---


def _whom(action: Action) -> tuple[list[Person], list[Team], list[EscalationPolicy]]:
    people = _rows(Person, "people", action.get("people"), by="email")
    teams = _rows(Team, "teams", action.get("teams"))
    policies = _rows(EscalationPolicy, "policy", action.get("policy"))
    if not people and not teams and not policies:
        raise Refused("Nobody to page.", field="people", value=[], fix="Name people, teams or a policy.")
    return people, teams, policies


def _page(doing: Doing, action: Action) -> str:
    people, teams, policies = _whom(action)
    words, incident = doing.words, doing.incident
    title = words.into(str(action.get("text") or "") or "{severity} {title}")
    body, path = f"{doing.by.name} asks for you.", f"/incidents/{incident.pk}"
    asked: list[EscalationPolicy | None] = [None] if people or teams else []
    for policy in [*asked, *policies]:
        escalation = start_escalation(
            kind=Escalation.Kind.DIRECT,
            subject_id=None,
            title=title[:300],
            body=body,
            path=path,
            team=incident.team,
            policy=policy,
            people=() if policy else people,
            teams=() if policy else teams,
            drill=incident.drill,
        )
        escalation.subject_id = escalation.pk  # so that it can be answered like any other
        escalation.save(update_fields=["subject_id"])
    return "paged " + ", ".join(str(each) for each in (*people, *teams, *policies))


def _page_said(action: Action) -> str:
    return "page " + ", ".join(str(each) for part in _whom(action) for each in part)


# --- Roles ---


def _role_of(action: Action) -> str:
    role = str(action.get("role") or "")
    if role not in RoleName.values:
        raise Refused("That is not a role.", field="role", value=role, fix=f"Use one of {', '.join(RoleName.values)}.")
    if bool(action.get("schedule")) == bool(action.get("person")):
        raise Refused("It is not said who.", field="schedule", value="", fix="Name a schedule, or a person.")
    return role


def _role_from(action: Action) -> Schedule | Person:
    _role_of(action)
    found: Schedule | Person = (
        _one(Schedule, action, "schedule") if action.get("schedule") else _one(Person, action, "person", by="email")
    )
    return found


def _role(doing: Doing, action: Action) -> str:
    role, source = RoleName(_role_of(action)), _role_from(action)
    taken = RoleAssignment.objects.filter(incident=doing.incident, role=role, ended_at__isnull=True).first()
    declarer = doing.incident.declared_by_id
    if taken is not None and (taken.accepted_at is None or taken.person_id != declarer):
        return f"{taken.person} is {role.label.lower()} already"
    people = who(source, clock.now()) if isinstance(source, Schedule) else [source]
    if not people:
        raise Conflict(f"Nobody is on call in {source}.", field="schedule", value=str(source))
    assign_role(doing.by, doing.incident, role, people[0])
    return f"asked {people[0]} to be {role.label.lower()}"


# --- Where people meet ---


def _venue(kind: str) -> Callable[[Doing, Action], str]:
    def done(doing: Doing, action: Action) -> str:
        plan = plan_for(doing.incident, kind, by_itself=False)
        if plan is None:
            raise Conflict("Nobody has said where people meet.", field="do", value=kind, fix="See /venues.")
        with acting_in(doing.by, "venue.asked_for", doing.incident) as (made, row):
            must_be_open(row, "nobody needs to meet for it")
            begin(made, row, kind, plan)
            made.note(kind=kind)
        return "had a channel made" if kind == "chat" else "had a call opened"

    return done


# --- Work and words ---


def _lines(action: Action) -> list[str]:
    lines = action.get("lines")
    found = [str(each).strip() for each in lines if str(each).strip()] if isinstance(lines, list) else []
    if not found or len(found) > 50 or any(len(each) > 300 for each in found):
        raise Refused(
            "There are no tasks, or too many.", field="lines", value=len(found), fix="Use 1 to 50, 300 letters each."
        )
    return found


def _tasks(doing: Doing, action: Action) -> str:
    people = _rows(Person, "assignee", action.get("assignee"), by="email")
    lines = _lines(action)
    for number, line in enumerate(lines):
        text, key = doing.words.into(line)[:300], f"{doing.key}-{number}"
        add_task(doing.by, doing.incident, text, assignee=people[0] if people else None, client_key=key)
    return f"added {len(lines)} task{'s' if len(lines) > 1 else ''}"


def _template(action: Action) -> UpdateTemplate:
    found: UpdateTemplate = _one(UpdateTemplate, action, "template")
    if action.get("publish") and not found.happening:
        raise Refused("That template does not say what is happening.", field="template", value=found.slug)
    return found


def _pages(action: Action) -> list[StatusPage]:
    found = _rows(StatusPage, "pages", action.get("pages"))
    if found and not action.get("publish"):
        raise Refused(
            "A draft is shown on no page.", field="pages", value=found[0].slug, fix="Publish it at once, or name none."
        )
    return found


def _pages_left(action: Action) -> tuple[list[StatusPage], list[str]]:
    """The pages it names, and those that have been deleted since it was saved: the others are told all the same."""
    wanted = _wanted(action.get("pages"))
    found = {page.slug: page for page in StatusPage.objects.filter(slug__in=wanted)}
    return [found[each] for each in wanted if each in found], [each for each in wanted if each not in found]


def _update(doing: Doing, action: Action) -> str:
    template, words, facts = _template(action), doing.words, facts_for_templates(doing.incident)
    parts = {name: words.into(filled(getattr(template, name), facts)) for name in PARTS}
    said: dict[str, Any] = (
        {"wordings": {template.audience: parts}, "happening": parts["happening"]} if template.audience else dict(parts)
    )
    if action.get("publish"):
        update = publish_update(doing.by, doing.incident, stage=template.stage, **said)
        pages, gone = _pages_left(action) if is_for_strangers(doing.incident) else ([], [])
        if pages:
            show_on_pages(doing.by, update, pages)
        on = f" on {', '.join(map(str, pages))}" if pages else ""
        on += f" (there is no page {', '.join(f'“{each}”' for each in gone)} any more)" if gone else ""
        return f"published an update from “{template}”{on}"
    draft = UpdateDraft.objects.filter(incident=doing.incident).first()
    if draft is not None:
        return "left the draft alone that is there already"
    save_draft(doing.by, doing.incident, version=0, stage=template.stage, **said)
    return f"drafted an update from “{template}”"


def _update_in_words(action: Action) -> str:
    pages = _pages(action)
    on = f", on {', '.join(map(str, pages))}" if pages else ""
    return f"{'publish' if action.get('publish') else 'draft'} an update from “{_template(action)}”{on}"


def _minutes(action: Action) -> int:
    minutes = action.get("minutes")
    if not isinstance(minutes, int) or isinstance(minutes, bool) or not 1 <= minutes <= 24 * 60:
        raise Refused("That is no time.", field="minutes", value=minutes, fix="Use 1 to 1440 minutes.")
    return minutes


def _next_update(doing: Doing, action: Action) -> str:
    with acting_in(doing.by, "update.promised", doing.incident) as (made, row):
        must_be_open(row, "nobody waits for an update")
        due = made.at + timedelta(minutes=_minutes(action))
        if row.next_update_at is None or row.next_update_at > due:
            row.next_update_at = due
            row.save(update_fields=["next_update_at"])
        made.due()
    return f"wants the next update by {time_stamp(due)}"


def _log(doing: Doing, action: Action) -> str:
    text = doing.words.into(_text(action, "text"))
    with acting_in(doing.by, "log.written", doing.incident) as (made, row):
        entry = write_system(row, "workflow.said", text, at=made.at)
        made.note(entry=entry.pk, kind="system")
    return "wrote into the log"


def _mitigation(doing: Doing, action: Action) -> str:
    found: Mitigation = _one(Mitigation, action, "mitigation")
    text = (
        f"Decide on “{found}”: {found.get_risk_display().lower()} risk. {conf.current().url}/mitigations/{found.slug}"
    )
    add_task(doing.by, doing.incident, text[:300], client_key=doing.key)
    return f"proposed “{found}”"


# --- Outside ---


def _room(action: Action) -> tuple[Workspace, str, str]:
    workspace: Workspace = _one(Workspace, action, "workspace")
    room = str(action.get("room") or "").strip()
    if not room and workspace.kind != "teams":
        raise Refused("A room of the chat is missing.", field="room", value="", fix="Such as #alerts.")
    return workspace, room, _text(action, "text")


def _post(doing: Doing, action: Action) -> str:
    workspace, room, text = _room(action)
    words = doing.words
    card = Card(title=words.into(text)[:250], tone="warning", url=words.link)
    try:
        client_of(workspace).post(room, by_its_clock(card, workspace), key=doing.key)
    except DeliveryFailed as failed:
        raise Conflict(f"It could not be posted: {failed}") from None
    return f"posted in {room or workspace}"


def _webhook(doing: Doing, action: Action) -> str:
    hook: Webhook = _one(Webhook, action, "webhook")
    event = Event.objects.filter(key=doing.run.event_key).first()
    if event is None or send_event(doing.by, hook, event) is None:
        raise Conflict(f"{hook} is switched off, or may not hear of this incident.", field="webhook", value=hook.slug)
    return f"told {hook}"


DEEDS: dict[str, Deed] = {
    "page": Deed(
        "Page",
        {"people": "E-mail addresses.", "teams": "Slugs.", "policy": "Slug.", "text": "Left out: severity and title."},
        lambda action: _whom(action),
        _page_said,
        _page,
    ),
    "role": Deed(
        "Fill a role",
        {"role": "commander, …", "schedule": "Slug: whoever is on call.", "person": "Or an e-mail address."},
        lambda action: _role_from(action),
        lambda action: (
            f"ask whoever is on call in {action['schedule']} to be {action['role']}"
            if action.get("schedule")
            else f"ask {action['person']} to be {action['role']}"
        ),
        _role,
    ),
    "channel": Deed("Make a channel", {}, lambda _: None, lambda _: "have a channel made", _venue("chat")),
    "call": Deed("Open a call", {}, lambda _: None, lambda _: "have a call opened", _venue("call")),
    "tasks": Deed(
        "Add tasks",
        {"lines": "What is to be done, each a task.", "assignee": "E-mail address; left out: whoever takes it."},
        lambda action: (_lines(action), _rows(Person, "assignee", action.get("assignee"), by="email")),
        lambda action: "add tasks: " + "; ".join(_lines(action)),
        _tasks,
    ),
    "update": Deed(
        "Draft or publish an update",
        {
            "template": "Slug of a template.",
            "publish": "True: at once; otherwise it is a draft.",
            "pages": "Slugs of status pages that show it, where it is published at once.",
        },
        lambda action: (_template(action), _pages(action)),
        lambda action: _update_in_words(action),
        _update,
    ),
    "next_update": Deed(
        "Promise the next update",
        {"minutes": "From then."},
        lambda action: _minutes(action),
        lambda action: f"want the next update within {action['minutes']} minutes",
        _next_update,
    ),
    "post": Deed(
        "Post in a chat",
        {"workspace": "Slug.", "room": "Such as #alerts.", "text": "With {severity}, {title}, {number}, {link}."},
        lambda action: _room(action),
        lambda action: f"post in {action.get('room') or action['workspace']}: {action['text']}",
        _post,
        asks=True,
    ),
    "webhook": Deed(
        "Tell a webhook",
        {"webhook": "Slug."},
        lambda action: _one(Webhook, action, "webhook"),
        lambda action: f"tell the webhook {action['webhook']}",
        _webhook,
    ),
    "mitigation": Deed(
        "Propose a mitigation",
        {"mitigation": "Slug. It becomes a task: nothing is carried out before somebody starts it."},
        lambda action: _one(Mitigation, action, "mitigation"),
        lambda action: f"propose the mitigation {action['mitigation']}",
        _mitigation,
    ),
    "log": Deed(
        "Write into the log",
        {"text": "With {severity}, {title}, {number}, {link}."},
        lambda action: _text(action, "text"),
        lambda action: f"write into the log: {action['text']}",
        _log,
    ),
}
