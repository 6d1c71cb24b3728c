"""Reads about postmortems. Who may see an incident may see its postmortem, and nobody else."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery

from ..accounts.actors import Actor
from ..accounts.queries import numbers_of_team
from ..incidents import queries as incidents
from ..incidents import rules as incident_rules
from ..incidents.models import Incident, LogEntry, RoleAssignment, RoleName
from ..incidents.wording import people_named_in
from ..kernel.finding import one
from ..mitigations.models import MitigationRun
from . import rules
from .models import Postmortem, Review


def visible_to(actor: Actor) -> QuerySet[Postmortem]:
    """Postmortems of the incidents that ``actor`` may read."""
    return Postmortem.objects.filter(incidents.seen_by(actor, "incident__")).select_related(
        "incident__team", "created_by", "published_by"
    )


def listed_for(actor: Actor) -> QuerySet[Postmortem]:
    """:func:`visible_to` with what a line of a list shows: ``actions`` and ``actions_open``."""
    # Counted for the lines that are shown; a join would count for all before the first thirty are taken.
    its = Incident.objects.filter(pk=OuterRef("incident")).order_by()
    count = its.annotate(n=Count("action_items")).values("n")
    undone = its.annotate(n=Count("action_items", filter=Q(action_items__state__in=("open", "doing")))).values("n")
    return visible_to(actor).annotate(actions=Subquery(count), actions_open=Subquery(undone))


def filtered(postmortems: QuerySet[Postmortem], filters: Mapping[str, str]) -> QuerySet[Postmortem]:
    """Narrowed by ``state``, ``team`` (slug) and ``q`` (words of the incident's title, the summary or the cause)."""
    if state := filters.get("state", ""):
        postmortems = postmortems.filter(state=state)
    if team := filters.get("team", ""):
        postmortems = postmortems.filter(incident__in=Incident.objects.filter(team__in=numbers_of_team(team)))
    if words := filters.get("q", "").strip():
        found = Q(incident__title__icontains=words) | Q(summary__icontains=words) | Q(root_cause__icontains=words)
        postmortems = postmortems.filter(found)
    return postmortems


def postmortem_for(actor: Actor, pk: int) -> Postmortem:
    """One postmortem.

    :raises NotFound: there is none, or ``actor`` may not see it.
    """
    return one(visible_to(actor), "postmortem", pk=pk)


def reviews_of(postmortem: Postmortem) -> QuerySet[Review]:
    """What people said, the latest first."""
    return Review.objects.filter(postmortem=postmortem).select_related("person").order_by("-id")


def approvals_of(postmortem: Postmortem) -> int:
    """How many people approve of the version as it stands: the last word of each counts."""
    last: dict[int, str] = {}
    for review in Review.objects.filter(postmortem=postmortem, version=postmortem.version).order_by("id"):
        last[review.person_id] = review.verdict
    return sum(verdict == Review.Verdict.APPROVED for verdict in last.values())


def findings_in(postmortem: Postmortem) -> list[tuple[str, list[rules.Finding]]]:
    """The sections with words that blame, each with those words."""
    sections = sections_of(postmortem)
    people = people_named_in(sections.values())
    found = ((name, rules.findings(text, people)) for name, text in sections.items())
    return [(name, blaming) for name, blaming in found if blaming]


def missing_for(postmortem: Postmortem) -> list[rules.Missing]:
    """What keeps it from being published."""
    sections = sections_of(postmortem)
    return rules.missing(
        sections,
        people=people_named_in(sections.values()),
        approvals=approvals_of(postmortem),
        actions=postmortem.incident.action_items.exclude(state="dropped").count(),
    )


def sections_of(postmortem: Postmortem) -> dict[str, str]:
    """Its sections by their names."""
    return {name: getattr(postmortem, name) for name in rules.SECTIONS}


def file_name_of(postmortem: Postmortem) -> str:
    """What its document is called as a file."""
    return f"postmortem-{postmortem.incident_id}.md"


def document_of(postmortem: Postmortem) -> str:
    """All of it as one document in Markdown."""
    incident = postmortem.incident
    times = incidents.times_of(incident)
    about = [
        f"Incident #{incident.pk}, SEV{incident.severity}" + (f", {incident.team}" if incident.team else ""),
        *(f"{incident_rules.said(name).capitalize()}: {row.at:%Y-%m-%d %H:%M} UTC" for name, row in times.items()),
        f"{postmortem.get_state_display()}, version {postmortem.version}",
    ]
    if incident.drill:
        about.insert(0, "A drill")
    actions = [
        f"{item.title} ({item.owner}, due {item.due_on:%Y-%m-%d}, {item.get_state_display().lower()})"
        for item in incident.action_items.select_related("owner")
    ]
    return rules.document(incident.title, about, sections_of(postmortem), actions)


def writers_of(postmortem: Postmortem) -> set[int]:
    """Who wrote the version as it stands: whoever began it, and whoever edited it last."""
    last = postmortem.revisions.filter(version=postmortem.version - 1).values_list("by_id", flat=True).first()
    return {pk for pk in (postmortem.created_by_id, last) if pk is not None}


def facts_of(incident: Incident) -> rules.Facts:
    """What happened in ``incident``, for :func:`rules.draft`."""
    times = incidents.times_of(incident)
    roles = list(
        RoleAssignment.objects.filter(incident=incident).select_related("person").order_by("assigned_at", "id")
    )
    titles: dict[int, str] = {}
    for held in roles:
        titles.setdefault(held.person_id, RoleName(held.role).label)
    log = list(incidents.log_of(incident))
    hypotheses = [entry for entry in log if entry.kind == LogEntry.Kind.HYPOTHESIS]
    return rules.Facts(
        title=incident.title,
        severity=incident.severity,
        services=[str(service) for service in incident.services.all()],
        known=incident.summary,
        impact=incident.impact,
        times={moment: row.at for moment, row in times.items()},
        provenance={moment: row.provenance for moment, row in times.items()},
        events=_events(incident, log, titles, times),
        roles=[
            rules.Held(RoleName(held.role).label, str(held.person), held.assigned_at, held.ended_at) for held in roles
        ],
        tried=[
            rules.Tried(run.title, run.outcome, run.note)
            for run in MitigationRun.objects.filter(incident=incident).order_by("id")
        ],
        confirmed=[entry.text for entry in hypotheses if entry.standing == LogEntry.Standing.CONFIRMED],
        ruled_out=[entry.text for entry in hypotheses if entry.standing == LogEntry.Standing.RULED_OUT],
        alerts=[group.title for group in incident.alert_groups.order_by("opened_at", "id")],
        warned=[
            rules.Warned(
                row.at,
                row.reason,
                row.get_answer_display() if row.answer else "",
                str(row.answered_by or ""),
                row.answered_at,
            )
            for row in incident.nudges.select_related("answered_by").order_by("at", "id")
        ],
    )


# The line of the log that tells of the same moment, and by whom.
_LINES = {
    "declared": "incident.declared",
    "tried": "mitigation.started",
    "mitigated": "incident.mitigated",
    "resolved": "incident.resolved",
}


def _events(
    incident: Incident, log: list[LogEntry], titles: Mapping[int, str], times: Mapping[str, incident_rules.Row]
) -> list[rules.Event]:
    logged = {(entry.type, entry.at) for entry in log}
    events = [
        rules.Event(row.at, f"{incident_rules.said(moment).capitalize()} ({row.reason or row.provenance}).")
        for moment, row in times.items()
        if (_LINES.get(moment), row.at) not in logged
    ]
    for entry in log:
        if entry.type in {"update.published", "update.overdue", "nudge.given", "nudge.answered"}:
            continue  # the updates themselves follow; what the guards said has a section of its own
        who = ""
        if entry.author is not None and entry.kind != LogEntry.Kind.SYSTEM:
            title = titles.get(entry.author.pk, "")
            who = f"{title} ({entry.author})" if title else str(entry.author)
        kind = "" if entry.kind == LogEntry.Kind.SYSTEM else f"{entry.get_kind_display().lower()}: "
        events.append(rules.Event(entry.at, f"{kind}{entry.text}", who))
    for update in incident.updates.all():
        text = f"People were told ({update.get_stage_display().lower()}): {update.happening}"
        events.append(rules.Event(update.published_at, text))
    return events
