"""The events that there are: what each means, and the facts that it carries. A fact that is not named here is not told.

The schema of each, and the reference page, are made of this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "integer"}
YES: Schema = {"type": "boolean"}
LIST: Schema = {"type": "array"}
ANY: Schema = {}
TIME: Schema = {"type": "string", "format": "date-time"}


def maybe(schema: Schema) -> Schema:
    """Or null."""
    return {"anyOf": [schema, {"type": "null"}]}


@dataclass(frozen=True)
class Type:
    """A kind of event. ``about``: what it happens to, ``incident`` or ``alertgroup`` where that is told in full."""

    name: str
    text: str
    about: str
    facts: dict[str, Schema]


def _incident(name: str, text: str, /, **facts: Schema) -> Type:
    return Type(name, text, "incident", facts)


def _group(name: str, text: str, /, **facts: Schema) -> Type:
    return Type(name, text, "alertgroup", facts)


def _other(name: str, text: str, /, **facts: Schema) -> Type:
    return Type(name, text, "", facts)


_SLUGS = {"name": TEXT, "slug": TEXT}
_STATE = {"phase": TEXT, "state": maybe(TEXT)}
_UPDATE = {
    "update": NUMBER, "stage": TEXT, "happening": TEXT, "impact": TEXT, "doing": TEXT,
    "wordings": {"type": "object", "description": "Other words by audience: happening, impact, doing."},
    "corrects": maybe(NUMBER), "next_update_at": maybe(TIME),
}  # fmt: skip
_PAGE = {"page": NUMBER, "people": LIST, "teams": LIST}  # the number that its answer or its end names again
_TIMES = {"starts_at": TEXT, "ends_at": TEXT}

_ALL = (
    _incident("incident.declared", "Somebody, or a policy, has declared an incident.",
              severity=NUMBER, type=maybe(TEXT), alert_groups={"type": "array", "items": NUMBER}),
    _incident("incident.changed", "Title, impact, summary, team, services or privacy was changed.",
              changed={"type": "array", "items": TEXT}),
    _incident("incident.severity_changed", "It is worse, or less bad, than thought.", before=NUMBER, after=NUMBER),
    _incident("incident.type_changed", "It is of another type, or answers its questions otherwise.",
              type=maybe(TEXT), fields=ANY),
    _incident("incident.mitigated", "Nobody is hurt any more.", **_STATE),
    _incident("incident.resolved", "It is over.", **_STATE),
    _incident("incident.reopened", "It is not over after all.", **_STATE),
    _incident("incident.state_changed", "It is in another state of the same phase.", **_STATE),
    _incident("incident.time_corrected", "A key time was put right.",
              moment=TEXT, before=maybe(TIME), after=TIME, reason=TEXT),
    _incident("incident.alerts_linked", "Alert groups were linked."),
    _incident("incident.alerts_unlinked", "An alert group was unlinked."),
    _incident("incident.linked", "It was linked to another incident.", other=NUMBER, kind=TEXT),
    _incident("incident.unlinked", "A link to another incident was taken away.", other=NUMBER, kind=TEXT),
    _incident("role.assigned", "Somebody was given a role, or took it.", role=TEXT, person=TEXT),
    _incident("role.accepted", "Somebody said yes to a role."),
    _incident("role.ended", "Somebody was relieved of a role."),
    _incident("log.written", "A line was written into the running log.",
              entry=NUMBER, kind=TEXT, repeated=YES),
    _incident("log.edited", "A line was put right.", entry=NUMBER),
    _incident("log.pinned", "A line was pinned."),
    _incident("log.unpinned", "A line is no longer pinned."),
    _incident("log.source_marked", "The message of a line is no longer marked in its chat, or is so again.",
              entry=NUMBER, marked=YES),
    _incident("log.source_dropped", "Somebody took back what they had said in a chat before it was written into the log."),
    _incident("log.source_reworded", "Somebody put what they had said in a chat otherwise before it was written into the log."),
    _incident("attachment.added", "A file was put into the log.", attachment=NUMBER, name=TEXT, size=NUMBER, repeated=YES),
    _incident("hypothesis.judged", "A hypothesis is being tested, confirmed or ruled out."),
    _incident("question.answered", "A question was answered.", question=NUMBER),
    _incident("question.closed", "A question is no longer asked."),
    _incident("task.added", "A task was added.", task=NUMBER, repeated=YES),
    _incident("task.changed", "A task was taken, given, moved on or ended.", task=NUMBER, state=TEXT),
    _incident("parking.added", "Something was parked.", parked=NUMBER, repeated=YES),
    _incident("parking.left", "What was parked was taken up, or dropped.", parked=NUMBER, became=TEXT),
    _incident("nudge.answered", "Somebody answered what the guidance said."),
    _incident("snapshot.kept", "Evidence was kept.", snapshot=NUMBER, title=TEXT),
    _incident("snapshot.deleted", "Evidence was thrown away.", snapshot=NUMBER, title=TEXT),
    _incident("update.drafted", "The next update was saved as a draft.", version=NUMBER),
    _incident("update.draft_discarded", "The draft was thrown away."),
    _incident("update.published", "Stakeholders were told.", **_UPDATE),
    _incident("update.corrected", "An update was put right by another.", **_UPDATE),
    _incident("mitigation.started", "Something is being tried.", run=NUMBER, title=TEXT, kind=TEXT, repeated=YES),
    _incident("mitigation.approved", "A second person approved it.", run=NUMBER),
    _incident("mitigation.declined", "A second person declined it.", run=NUMBER),
    _incident("mitigation.carried_out", "A runner has finished with it.", run=NUMBER, state=TEXT),
    _incident("mitigation.finished", "Somebody said how it went.", run=NUMBER, outcome=TEXT),
    _incident("mitigation.step_done", "A step of what is done by hand was ticked off.",
              run=NUMBER, step=NUMBER, repeated=YES),
    _incident("mitigation.step_undone", "A step that was ticked off is open again.",
              run=NUMBER, step=NUMBER, repeated=YES),
    _incident("runbook.started", "A runbook is being carried out.",
              run=NUMBER, runbook=TEXT, version=NUMBER, repeated=YES),
    _incident("runbook.step_started", "A step of a runbook has started its mitigation.",
              run=NUMBER, step=TEXT, repeated=YES),
    _incident("runbook.step_done", "Somebody said what came of a step of a runbook.",
              run=NUMBER, step=TEXT, outcome=TEXT, repeated=YES),
    _incident("runbook.step_undone", "What came of a step of a runbook was taken back.",
              run=NUMBER, step=TEXT, repeated=YES),
    _incident("runbook.finished", "A runbook is no longer carried out, and somebody said whether it helped.",
              run=NUMBER, helped=TEXT, repeated=YES),
    _incident("command.given", "A command was given by a line of the log.", command=TEXT),
    _incident("mitigation.looked_at", "What its indicator showed was written down."),
    _incident("postmortem.drafted", "A postmortem was begun."),
    _incident("postmortem.edited", "A postmortem was edited.", version=NUMBER, sections=LIST),
    _incident("postmortem.submitted", "A postmortem was handed in for review."),
    _incident("postmortem.reviewed", "A postmortem was reviewed.", verdict=TEXT, version=NUMBER),
    _incident("postmortem.published", "A postmortem was published."),
    _incident("venue.asked_for", "A channel or a call is to be made.", kind=TEXT),
    _incident("venue.opened", "A channel or a call is open.", kind=TEXT),
    _incident("venue.retried", "A channel or a call is tried again.", kind=TEXT),
    _incident("venue.closed", "A channel or a call was closed.", kind=TEXT),
    _incident("incident.assembled", "Who is needed was asked."),
    _incident("role.declined", "Somebody said no to a role; the next one is asked, if there is one."),
    _incident("role.passed_on", "A role was passed on, for nobody answered."),
    _incident("role.handoff_offered", "Somebody offers their role to somebody else."),
    _incident("role.handoff_answered", "An offered role was taken, or not."),
    _incident("workflow.retried", "What a workflow could not do is done again.", run=NUMBER),
    _incident("update.promised", "The next update is wanted by a time."),
    _incident("incident.confirmed", "It is an incident: its triage is over."),
    _incident("incident.declined", "It is no incident after all."),
    _incident("person.asked_in", "Somebody was asked into the room."),
    _group("alert_group.opened", "Alerts began to fire."),
    _group("alert_group.reopened", "It fired again soon after it had ended."),
    _group("alert_group.acknowledged", "Somebody has it."),
    _group("alert_group.unacknowledged", "The acknowledgement was taken back."),
    _group("alert_group.escalated", "Help was asked for by hand."),
    _group("alert_group.snoozed", "It is left alone for a while."),
    _group("alert_group.resolved", "It is over."),
    _group("alert_group.hurried", "It is not to wait any longer."),
    _group("alert_group.responder_added", "Somebody was asked to help."),
    _group("alert_group.judged", "Somebody said whether it was worth paging for."),
    _group("alert_group.noted", "A note was written."),
    _group("alert_group.runbook_started", "A runbook is being carried out for it, without an incident.",
           run=NUMBER, runbook=TEXT, version=NUMBER, repeated=YES),
    _group("alert_group.runbook_step_started", "A step of a runbook was to start its mitigation.",
           run=NUMBER, step=TEXT, repeated=YES),
    _group("alert_group.runbook_step_done", "Somebody said what came of a step of a runbook.",
           run=NUMBER, step=TEXT, outcome=TEXT, repeated=YES),
    _group("alert_group.runbook_step_undone", "What came of a step of a runbook was taken back.",
           run=NUMBER, step=TEXT, repeated=YES),
    _group("alert_group.runbook_finished", "A runbook is no longer carried out, and somebody said whether it helped.",
           run=NUMBER, helped=TEXT, repeated=YES),
    _group("alert_group.reassigned", "It was given to somebody else."),
    _other("action_item.created", "An action item was made."),
    _other("action_item.changed", "An action item was changed."),
    _other("action_item.started", "Somebody works on an action item."),
    _other("action_item.completed", "An action item is done."),
    _other("action_item.dropped", "An action item will not be done."),
    _other("action_item.reopened", "An action item is open again."),
    _other("change.recorded", "A deploy, or another change of a service, was recorded.", title=TEXT, kind=TEXT, repeated=YES),
    _other("component.asserted", "Somebody said how a component of a status page is.", before=TEXT, after=TEXT),
    _other("update.shown", "An update is shown on a status page.", page=ANY),
    _other("status_maintenance.scheduled", "Maintenance was announced on a status page.", page=ANY, **_TIMES),
    _other("status_maintenance.changed", "Announced maintenance was changed.", page=ANY, **_TIMES),
    _other("status_maintenance.noted", "Something was said about maintenance."),
    _other("status_maintenance.turned", "Maintenance has begun, or has ended, by itself."),
    _other("status_maintenance.ended", "Somebody has ended maintenance."),
    _other("handoff.noted", "Whoever goes off call left a note.", handoff=NUMBER, at=TEXT),
    _other("handoff.acknowledged", "Whoever comes on call has read the note.", handoff=NUMBER, at=TEXT),
    _other("override.added", "Somebody else is on call for a while.",
           override=ANY, person=ANY, replaces=ANY, reason=ANY, **_TIMES),
    _other("override.removed", "The override is gone.", override=ANY, person=ANY, **_TIMES),
    _other("swap.offered", "Somebody offers a shift.", swap=NUMBER, asked=ANY, **_TIMES),
    _other("worked.corrected", "Somebody said who really was on call.",
           correction=NUMBER, person=ANY, instead_of=ANY, reason=TEXT, **_TIMES),
    _other("worked.correction_taken_back", "A correction of who was on call was wrong.", correction=NUMBER, **_TIMES),
    _other("swap.taken", "A shift was taken.", swap=NUMBER, offered_by=ANY, override=ANY),
    _other("swap.declined", "A swap was declined.", swap=NUMBER),
    _other("swap.withdrawn", "A swap was withdrawn.", swap=NUMBER),
    _other("person.paged", "Somebody was paged by hand.", **_PAGE),
    _other("team.paged", "A team was paged by hand.", **_PAGE),
    _other("policy.paged", "An escalation policy was carried out by hand.", **_PAGE),
    _other("approval.approved", "What a policy proposed was approved."),
    _other("approval.declined", "What a policy proposed was declined."),
    _other("paging_defect.resolved", "Why a page reached nobody was dealt with."),
    _other("service.created", "A service was added.", tier=NUMBER, needs=ANY, **_SLUGS),
    _other("service.changed", "A service was changed.", tier=NUMBER, needs=ANY, **_SLUGS),
    _other("service.deleted", "A service was deleted.", **_SLUGS),
    _other("silence.created", "Alerts are silenced.", matchers=LIST, ends_at=TEXT, comment=TEXT),
    _other("silence.changed", "A silence was changed.", matchers=LIST, ends_at=TEXT, comment=TEXT),
    _other("silence.expired", "A silence was ended."),
    _other("maintenance.created", "A maintenance window was made.", services=ANY, ends_at=TEXT),
    _other("maintenance.changed", "A maintenance window was changed.", services=ANY, ends_at=TEXT),
    _other("maintenance.ended", "A maintenance window was ended."),
    _other("schedule.created", "A schedule was made.", timezone=TEXT, rotations=ANY, **_SLUGS),
    _other("schedule.changed", "A schedule was changed.", timezone=TEXT, rotations=ANY, **_SLUGS),
    _other("schedule.deleted", "A schedule was deleted.", **_SLUGS),
    _other("policy.created", "An escalation policy was made.", version=NUMBER, steps=ANY),
    _other("policy.changed", "An escalation policy was changed.", version=NUMBER, steps=ANY),
    _other("policy.deleted", "An escalation policy was deleted.", **_SLUGS),
    _other("integration.created", "An integration was made.", source=TEXT, service=ANY),
    _other("integration.changed", "An integration was changed.", source=TEXT, service=ANY),
    _other("integration.paused", "An integration takes nothing for now."),
    _other("integration.resumed", "An integration takes signals again."),
    _other("integration.deleted", "An integration was deleted.", **_SLUGS),
    _other("team.member_set", "Somebody joined a team, or has another role in it.", person=TEXT, role=TEXT),
    _other("team.member_removed", "Somebody left a team.", person=TEXT),
    _other("person.created", "Somebody was added.", role=ANY),
    _other("person.deactivated", "Somebody may no longer sign in."),
    _other("person.activated", "Somebody may sign in again."),
    _other("team.created", "A team was made.", **_SLUGS),
    _other("team.changed", "A team was changed.", **_SLUGS),
    _other("team.deleted", "A team was deleted.", **_SLUGS),
    _other("person.invited", "Somebody was invited."),
    _other("person.joined", "Somebody came by an invitation."),
    _other("person.changed", "Somebody's name, role or settings were changed."),
    _other("token.made", "An API token was made.", scope=TEXT),
    _other("token.revoked", "An API token was revoked."),
    _other("installation.set_up", "Watchroom was set up."),
    _other("installation.walked", "A step of the first run was done."),
    _other("contact_method.added", "Somebody added a way to be reached."),
    _other("contact_method.enabled", "A way to be reached is used again."),
    _other("contact_method.disabled", "A way to be reached is not used for now."),
    _other("contact_method.removed", "A way to be reached was removed."),
    _other("contact_method.limited", "Messages to somebody are limited or collected.",
           limit_count=ANY, limit_seconds=ANY, collect_seconds=ANY),
    _other("contact_method.tested", "Somebody tried a way to be reached."),
    _other("contact_method.code_sent", "A code was sent to prove a way to be reached."),
    _other("contact_method.verified", "A way to be reached was proven."),
    _other("notification_rules.changed", "Somebody wants to be reached in another order.", urgency=TEXT),
    _other("notification_plan.set", "It was said in what order somebody is to be reached."),
    _other("quiet_hours.changed", "Somebody's quiet hours were changed."),
    _other("page.answered", "Somebody answered a page that was about nothing else.", page=NUMBER),
    _other("page.withdrawn", "Whoever sent a page has withdrawn it.", page=NUMBER),
    _other("absence.added", "Somebody will be away.", absence=ANY, paged=YES, **_TIMES),
    _other("absence.removed", "Somebody will not be away after all.", absence=ANY, **_TIMES),
    _other("absences.imported", "Absences were imported.", lines=NUMBER, new=NUMBER),
    _other("holidays.set", "The holidays of somebody or of a schedule were set.", country=ANY, region=ANY),
    _other("calendar.saved", "A calendar is read.", calendar=NUMBER, name=TEXT),
    _other("calendar.removed", "A calendar is no longer read.", calendar=NUMBER, name=TEXT),
    _other("calendar.read", "A calendar was read.", calendar=NUMBER, unknown=ANY),
    _other("feed.made", "A calendar address was made.", feed=NUMBER),
    _other("feed.revoked", "A calendar address was revoked.", feed=NUMBER),
    _other("rota.accepted", "A proposed rota was accepted.", shifts=ANY, **_TIMES),
    _other("rota.taken_back", "What was left of a planned rota was taken back.", shifts=NUMBER),
    _other("swap.expired", "Nobody took a shift in time.", swaps=ANY),
    _other("policy.webhook_key_renewed", "What signs a policy's webhooks was renewed."),
    _other("integration.key_rotated", "An integration has a new key."),
    _other("signal.replayed", "A signal was read again.", of=ANY),
    _other("route.created", "A route was made.", matchers=LIST),
    _other("route.changed", "A route was changed.", matchers=LIST),
    _other("route.deleted", "A route was deleted.", name=TEXT),
    _other("route.drilled", "A made-up alert was sent through the routes.", labels=ANY),
    _other("time_interval.created", "A time interval was made.", intervals=ANY),
    _other("time_interval.changed", "A time interval was changed.", intervals=ANY),
    _other("time_interval.deleted", "A time interval was deleted.", name=TEXT),
    _other("inhibition.created", "A rule of inhibition was made."),
    _other("inhibition.changed", "A rule of inhibition was changed."),
    _other("inhibition.deleted", "A rule of inhibition was deleted.", name=TEXT),
    _other("heartbeat.created", "A heartbeat was made.", kind=TEXT),
    _other("heartbeat.changed", "A heartbeat was changed.", kind=TEXT),
    _other("heartbeat.paused", "A heartbeat is not expected for now."),
    _other("heartbeat.resumed", "A heartbeat is expected again."),
    _other("heartbeat.key_rotated", "A heartbeat has a new address."),
    _other("heartbeat.deleted", "A heartbeat was deleted.", **_SLUGS),
    _other("check.created", "A check was made.", kind=TEXT),
    _other("check.changed", "A check was changed.", kind=TEXT),
    _other("check.paused", "A check is not made for now."),
    _other("check.resumed", "A check is made again."),
    _other("check.requested", "Somebody wants a check made now."),
    _other("check.deleted", "A check was deleted.", **_SLUGS),
    _other("connection.created", "A connection was made.", kind=TEXT, slug=TEXT),
    _other("connection.changed", "A connection was changed.", kind=TEXT, slug=TEXT),
    _other("connection.deleted", "A connection was deleted.", **_SLUGS),
    _other("indicator.created", "An indicator was made."),
    _other("indicator.changed", "An indicator was changed."),
    _other("indicator.deleted", "An indicator was deleted.", service=TEXT, name=TEXT),
    _other("mitigation.created", "A mitigation came into the catalog.", runner=ANY),
    _other("mitigation.changed", "A mitigation of the catalog was changed.", runner=ANY),
    _other("mitigation.deleted", "A mitigation left the catalog.", **_SLUGS),
    _other("mitigation.rehearsed", "A mitigation was tried dry.", runner=ANY),
    _other("runbook.created", "A runbook was written.", version=NUMBER),
    _other("runbook.changed", "A runbook was changed.", version=NUMBER),
    _other("runbook.taken_back", "The steps of an earlier version of a runbook are its steps again.",
           to=NUMBER, version=NUMBER),
    _other("runbook.reviewed", "Somebody has looked: a runbook is still right."),
    _other("runbook.links_checked", "Somebody had a runbook's links asked whether they answer.",
           asked=NUMBER, dead=NUMBER),
    _other("runbook.deleted", "A runbook was deleted.", **_SLUGS),
    _other("drill.planned", "A drill was planned.", planned_for=TEXT, surprise=ANY, pages=ANY),
    _other("practice.changed", "How often a team practises by itself was changed.", weeks=NUMBER, next_at=TEXT),
    _other("practice.ended", "A team practises by itself no more."),
    _other("drill.changed", "The plan of a drill was changed."),
    _other("drill.called_off", "A drill was called off before it had begun."),
    _other("drill.started", "A drill has begun."),
    _other("drill.paused", "A drill rests."),
    _other("drill.resumed", "A drill goes on."),
    _other("drill.ended", "A drill is over.", why=TEXT, percent=maybe(NUMBER)),
    _other("drill.deleted", "A drill that was over was deleted.", scenario=TEXT, team=TEXT),
    _other("drill.shared", "The debrief of a drill was shared with its team."),
    _other("scenario.created", "A scenario was written.", slug=TEXT),
    _other("scenario.changed", "A scenario was changed.", slug=TEXT),
    _other("scenario.deleted", "A scenario was deleted.", **_SLUGS),
    _other("runner.created", "A runner was made.", kind=TEXT, slug=TEXT),
    _other("runner.changed", "A runner was changed.", kind=TEXT, slug=TEXT),
    _other("runner.deleted", "A runner was deleted.", **_SLUGS),
    _other("workspace.created", "A chat was connected.", kind=TEXT, slug=TEXT),
    _other("workspace.changed", "How a chat is connected was changed.", kind=TEXT, slug=TEXT),
    _other("workspace.tried", "A chat was tried."),
    _other("workspace.deleted", "A chat is no longer connected.", **_SLUGS),
    _other("incident_state.created", "A state of incidents was made.", phase=TEXT, slug=TEXT, retired=YES),
    _other("incident_state.changed", "A state of incidents was changed, renamed or retired.",
           phase=TEXT, slug=TEXT, retired=YES, renamed=TEXT),
    _other("incident_state.deleted", "A state of incidents was deleted.", **_SLUGS),
    _other("incident_type.created", "An incident type was made."),
    _other("incident_type.changed", "An incident type was changed."),
    _other("incident_type.deleted", "An incident type was deleted.", **_SLUGS),
    _other("update_template.created", "A template of updates was made."),
    _other("update_template.changed", "A template of updates was changed."),
    _other("update_template.deleted", "A template of updates was deleted.", **_SLUGS),
    _other("stakeholder_list.created", "A list of stakeholders was made.", audience=TEXT),
    _other("stakeholder_list.changed", "A list of stakeholders was changed.", audience=TEXT),
    _other("stakeholder_list.deleted", "A list of stakeholders was deleted.", **_SLUGS),
    _other("status_page.created", "A status page was made."),
    _other("status_page.changed", "A status page was changed."),
    _other("status_page.logo_changed", "A status page has another logo."),
    _other("status_page.destination_set", "Copies of a status page are kept elsewhere."),
    _other("status_page.destination_removed", "Copies of a status page are no longer kept elsewhere."),
    _other("status_page.deleted", "A status page was deleted.", **_SLUGS),
    _other("subscriber.removed", "A subscriber was taken off a status page.", page=ANY),
    _other("weekly_list.on", "A team's managers get the weekly list."),
    _other("weekly_list.off", "A team's managers no longer get the weekly list."),
    _other("silence.extended", "A silence lasts longer."),
    _other("silence.skipped", "A silence that repeats is left out once."),
    _other("maintenance.extended", "A maintenance window lasts longer."),
    _other("maintenance.skipped", "A maintenance window that repeats is left out once."),
    _other("limits.set", "What on-call may ask of somebody was set."),
    _other("limits.removed", "A limit of on-call was removed."),
    _other("limit.closed", "A limit that was passed was dealt with."),
    _other("rest_day.taken", "Somebody rests after a bad night."),
    _other("relief.asked", "Somebody asked for relief."),
    _other("fixes.taken", "What wakes people up is to be mended."),
    _other("pay.set", "What on-call is paid was set."),
    _other("pay.removed", "What on-call is paid was removed."),
    _other("workflow.created", "A workflow was made.", slug=TEXT, enabled=YES),
    _other("workflow.changed", "A workflow was changed.", slug=TEXT, enabled=YES),
    _other("workflow.deleted", "A workflow was deleted.", **_SLUGS),
    _other("triage.changed", "Which incidents begin in triage was changed."),
    _other("follow_rule.created", "Who follows by itself was said."),
    _other("follow_rule.changed", "Who follows by itself was changed."),
    _other("follow_rule.deleted", "A rule of who follows was deleted."),
    _other("temporary.added", "Somebody was put on call for a while."),
    _other("temporary.ended", "Somebody is no longer on call for a while."),
    _other("grouping.accepted", "A proposed grouping of alerts was accepted."),
    _other("grouping.dismissed", "A proposed grouping of alerts was dismissed."),
    _other("process.published", "How people here respond to incidents was published.", number=NUMBER, asks_anew=YES, note=TEXT),
    _other("process.withdrawn", "Nobody is asked to read the process any more."),
    _other("process.read", "Somebody has read the process."),
    _other("lack.put_off", "Something that a team still lacks was put off until a day.", key=TEXT, until=TEXT, reason=TEXT),
    _other("lack.taken_up", "Something that was put off is to be mended now.", key=TEXT),
    _other("readiness.thresholds_set", "From when on something counts as lacking was said.", **dict.fromkeys(
        ("silent_days", "tray_most", "waiting_days", "practised_days", "postmortem_days", "unread_days"), NUMBER)),
    _other("severity.changed", "What a severity means was changed."),
    _other("severity.reset", "A severity means again what it means as shipped."),
    _other("guidance.changed", "A guard against the traps was set otherwise."),
    _other("guidance.reset", "A guard against the traps is as shipped again."),
    _other("bridge.created", "A bridge for calls was made.", kind=TEXT, slug=TEXT),
    _other("bridge.changed", "A bridge for calls was changed.", kind=TEXT, slug=TEXT),
    _other("bridge.deleted", "A bridge for calls was deleted.", **_SLUGS),
    _other("venue_plan.created", "Where people meet was said.", slug=TEXT),
    _other("venue_plan.changed", "Where people meet was changed.", slug=TEXT),
    _other("venue_plan.deleted", "A plan of where people meet was deleted.", **_SLUGS),
    _other("role_rotation.created", "From where a role is filled was said."),
    _other("role_rotation.changed", "From where a role is filled was changed."),
    _other("role_rotation.deleted", "A rotation of a role was deleted."),
    _other("webhook.created", "A webhook was made.", slug=TEXT),
    _other("webhook.changed", "A webhook was changed.", slug=TEXT),
    _other("webhook.enabled", "A webhook was switched on.", slug=TEXT),
    _other("webhook.deleted", "A webhook was deleted.", **_SLUGS),
    _other("webhook.secret_renewed", "A webhook has a new secret."),
    _other("webhook.old_secret_dropped", "The secret before the present one of a webhook signs no longer."),
    _other("webhook.tried", "A test event was sent.", dispatch=NUMBER),
    _other("webhook.replayed", "Events were sent once more.", dispatches=NUMBER),
    _other("webhook.disabled", "A webhook was switched off, by somebody or after days of failing.", slug=TEXT, why=TEXT),
    _other("webhook.tested", "Somebody wanted to see whether a webhook is heard."),
)  # fmt: skip

TYPES: dict[str, Type] = {each.name: each for each in _ALL}

# Of these the name is told; others' names may hold what not everybody may read.
NAMED = {
    "incident", "alertgroup", "service", "schedule", "team", "person", "actionitem", "component", "maintenance",
    "escalationpolicy", "integration", "silence", "maintenancewindow", "webhook", "statuspage",
}  # fmt: skip

OBJECTS: dict[str, Schema] = {
    "incident": {
        "type": "object",
        "description": "The incident after it happened.",
        "properties": {
            "id": NUMBER,
            "title": TEXT,
            "severity": {"type": "integer", "minimum": 1, "maximum": 5},
            "status": {"enum": ["active", "mitigated", "resolved"]},
            "phase": {"enum": ["active", "mitigated", "resolved", "closed"]},
            "state": maybe({"type": "object", "properties": {"slug": TEXT, "name": TEXT}}),
            "team": maybe(TEXT),
            "impact": TEXT,
            "summary": TEXT,
            "private": YES,
            "drill": YES,
            "declared_at": TIME,
            "next_update_at": maybe(TIME),
        },
    },
    "alertgroup": {
        "type": "object",
        "description": "The alert group after it happened.",
        "properties": {
            "id": NUMBER,
            "title": TEXT,
            "severity": {"enum": ["critical", "error", "warning", "info"]},
            "urgency": {"enum": ["high", "low"]},
            "state": {"enum": ["firing", "acknowledged", "resolved"]},
            "team": maybe(TEXT),
            "labels": {"type": "object", "additionalProperties": TEXT},
            "firing": NUMBER,
            "opened_at": TIME,
            "drill": YES,
        },
    },
}
for _each in OBJECTS.values():
    _each["required"] = list(_each["properties"])


def type_of(name: str) -> Type:
    """A kind of event; one that is not in the table tells nothing but that it happened."""
    return TYPES.get(name) or Type(name, name.replace(".", " ").replace("_", " ").capitalize(), "", {})


# What is about practice itself: marked as a drill, like all that happens in one, and told only to who wants to hear of drills.
_PRACTICE = ("drill.", "scenario.", "practice.", "route.drilled")


def is_practice(type: str) -> bool:
    """Whether events of this type are always those of a drill."""
    return type.startswith(_PRACTICE)


def facts_told(type: str, facts: dict[str, Any]) -> dict[str, Any]:
    """Of the facts of the audit trail those that an event of this type tells."""
    known = TYPES.get(type)
    return {name: value for name, value in facts.items() if known and name in known.facts}


def schema_of(type: Type) -> Schema:
    """The JSON Schema (draft 2020-12) of an event as it is posted."""
    said = OBJECTS.get(type.about)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": type.name,
        "description": type.text,
        "type": "object",
        "required": ["schema", "id", "number", "type", "at", "url", "drill", "test", "team", "actor", "subject", "data",
                     "object"],
        "properties": {
            "schema": {"const": 1},
            "id": {"type": "string", "format": "uuid"},
            "number": NUMBER,
            "type": {"const": type.name},
            "at": TIME,
            "url": TEXT,
            "drill": {"const": True} if is_practice(type.name) else YES,
            "test": YES,
            "team": maybe(TEXT),
            "actor": {
                "type": "object",
                "required": ["kind", "name", "id"],
                "properties": {
                    "kind": {"enum": ["person", "token", "link", "system", "integration"]},
                    "name": TEXT,
                    "id": maybe(NUMBER),
                },
            },
            "subject": {
                "type": "object",
                "required": ["kind", "id", "name"],
                "properties": {"kind": TEXT, "id": maybe(NUMBER), "name": TEXT},
            },
            "data": {"type": "object", "properties": dict(type.facts), "additionalProperties": False},
            "object": maybe(said) if said else ANY,
        },
    }  # fmt: skip
