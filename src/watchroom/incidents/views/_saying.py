"""What is typed into the room, carried out: an entry of the log, or a /-command. Page, API, command line and terminal
room all come through here, so that a line means the same everywhere. It reaches into packages above and below, so only
edges use it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from ...accounts.actors import Actor
from ...accounts.models import Person
from ...intake import commands as intake
from ...kernel import clock
from ...kernel.errors import Conflict, Refused
from ...mitigations import commands as mitigations
from ...mitigations.queries import offered_in
from ...paging.proposed import of_ones_own
from ...runbooks.views.saying import line as runbook_line
from .. import commands, following, queries, rules
from ..commands.mentions import people_by_handle
from ..models import Follower, Incident, LogEntry, Phase, RoleAssignment, RoleName, Spoken
from ..rules import slash
from ..states import offered_to
from ._publishing import publish


@dataclass(frozen=True)
class Answer:
    """What came of a line: a sentence for whoever typed it, and the entry where it was one."""

    text: str
    entry: LogEntry | None = None


def say(
    by: Actor,
    incident: Incident,
    line: str,
    *,
    kind: str = "note",
    at: datetime | None = None,
    parent: LogEntry | None = None,
    attachments: Sequence[int] = (),
    client_key: str = "",
) -> Answer:
    """Carry out ``line``. Sent again with the same ``client_key``, it is done once.

    :raises Refused: there is no such command, or something in it is wrong.
    """
    try:
        said = slash.read(line)
    except slash.Unknown as unknown:
        name = str(unknown)
        raise Refused(
            f"There is no command /{name}.",
            field="text",
            value=line[:60],
            fix=f"Did you mean {', '.join('/' + each for each in slash.similar(name))}? Begin with // to write a slash.",
        ) from None
    of_ones_own(client_key)
    if said.is_entry:
        entry = commands.log(
            by, incident, said.command or kind, said.text, at=at, parent=parent, attachments=attachments,
            client_key=client_key,
        )  # fmt: skip
        return Answer(f"Wrote entry {entry.pk}.", entry)
    if said.command in _FOR_READERS:
        return _WAYS[said.command](by, incident, said.text, client_key)
    with transaction.atomic():
        # Who may not act here may not try; and the incident's row is locked from here on, so that the same line which
        # comes twice at once is carried out once.
        with commands.acting_in(by, "command.given", incident, only_log=True) as (made, row):
            made.note(command=said.command)
            before = Spoken.objects.filter(incident=row, client_key=client_key).first() if client_key else None
        if before is not None:
            return Answer(before.answer)
        answer = _WAYS[said.command](by, incident, said.text, client_key)
        if client_key:
            Spoken.objects.create(incident=incident, client_key=client_key, at=clock.now(), answer=answer.text[:300])
    return answer


def _needed(text: str, name: str) -> str:
    if not text:
        example = next(command.example for command in slash.COMMANDS if command.name == name)
        raise Refused(f"/{name} needs more words.", field="text", value=f"/{name}", fix=f"For example: {example}")
    return text


def people_first(text: str) -> tuple[list[Person], str]:
    """Who is mentioned first in ``text``, and the rest of it."""
    known, found = people_by_handle(), []
    rest = text.strip()
    while rest.startswith("@"):
        word, _, after = rest.partition(" ")
        handle = word[1:].rstrip(",:").lower()
        if handle not in known:
            raise Refused(
                f"Nobody is called {word}.",
                field="text",
                value=word,
                fix="Use what stands before the @ of their e-mail address.",
            )
        found.append(known[handle])
        rest = after.strip()
    return found, rest


def _entry(by: Actor, incident: Incident, number: int, kind: str) -> LogEntry:
    entry = queries.entry_for(by, number)
    if entry.incident_id != incident.pk or entry.kind != kind:
        raise Refused(f"#{number} is no {kind} of this incident.", field="text", value=f"#{number}", fix="See the log.")
    return entry


def _answer(by: Actor, incident: Incident, text: str, key: str) -> Answer:
    number, words = slash.number_first(text)
    open_ones = queries.open_questions(incident)
    if number is None and not open_ones:
        raise Conflict("No question is open.", field="text", value="/answer", fix="Write a note instead.")
    question = _entry(by, incident, number, "question") if number is not None else open_ones[-1]
    entry = commands.answer_question(by, question, _needed(words, "answer"), client_key=key)
    return Answer(f"Answered: {question}", entry)


def _judge(standing: str) -> Callable[[Actor, Incident, str, str], Answer]:
    def way(by: Actor, incident: Incident, text: str, _: str) -> Answer:
        number, why = slash.number_first(text)
        if number is None:
            raise Refused("Say which hypothesis.", field="text", value=text[:40], fix="Give its number: #12.")
        idea = _entry(by, incident, number, "hypothesis")
        commands.set_standing(by, idea, standing, why=why)
        return Answer(f"{LogEntry.Standing(standing).label}: {idea}")

    return way


def _task(by: Actor, incident: Incident, text: str, key: str) -> Answer:
    people, words = people_first(_needed(text, "task"))
    task = commands.add_task(
        by, incident, _needed(words, "task"), assignee=people[0] if people else None, client_key=key
    )
    return Answer(f"Task {task.pk}: {task}" + (f", for {task.assignee}" if task.assignee else ""))


def _done(by: Actor, incident: Incident, text: str, _: str) -> Answer:
    number, rest = slash.number_first(_needed(text, "done"))
    task = queries.task_for(by, number) if number is not None else None
    if task is None or task.incident_id != incident.pk:
        raise Refused("Say which task.", field="text", value=(rest or text)[:40], fix="Give its number: /done 3.")
    commands.change_task(by, task, state="done")
    return Answer(f"Done: {task}")


def _park(by: Actor, incident: Incident, text: str, key: str) -> Answer:
    item = commands.park(by, incident, _needed(text, "park"), client_key=key)
    return Answer(f"Parked: {item}")


def _mitigate(by: Actor, incident: Incident, text: str, key: str) -> Answer:
    title = _needed(text, "mitigate")
    offered = [each for each in offered_in(by, incident) if title.lower() in {each.name.lower(), each.slug}]
    if len(offered) > 1:
        slugs = ", ".join(each.slug for each in offered)
        raise Refused("Several are called so.", field="text", value=title[:40], fix=f"Use one of {slugs}.")
    run = mitigations.start(
        by, incident, mitigation=offered[0] if offered else None, title="" if offered else title, client_key=key
    )
    if offered and offered[0].runner_id:
        return Answer(f"{run.title}: {run.execution.get_state_display()}.")
    return Answer(f"Started: {run.title}. Record what came of it.")


def _ack(by: Actor, incident: Incident, text: str, _: str) -> Answer:
    groups = list(incident.alert_groups.filter(resolved_at__isnull=True, acknowledged_at__isnull=True).order_by("id"))
    for group in groups:
        intake.acknowledge(by, group, note=text)
    return Answer(
        f"Acknowledged {len(groups)} alert group{'' if len(groups) == 1 else 's'}."
        if groups
        else "There is nothing to acknowledge."
    )


def _role(by: Actor, incident: Incident, text: str, _: str) -> Answer:
    word, _, rest = _needed(text, "role").partition(" ")
    people, _ = people_first(rest)
    person = people[0] if people else by.person
    if person is None:
        raise Refused("Say who.", field="text", value=text[:40], fix="For example: /role commander @ada")
    assignment = commands.assign_role(by, incident, ROLE_WORDS.get(word.lower(), word.lower()), person)
    name = RoleName(assignment.role).label.lower()
    if by.person is not None and person.pk == by.person.pk:
        return Answer(f"You are the {name}.")
    return Answer(f"{person} is being paged to be the {name}.")


def _asked(by: Actor, incident: Incident, *, late: bool = False) -> RoleAssignment:
    """The role for which ``by`` is being paged, the newest of several; ``late``: or for which they were passed over."""
    rows = RoleAssignment.objects.filter(incident=incident, person=by.person, accepted_at__isnull=True)
    rows = rows.filter(Q(ended_at__isnull=True) | Q(passed=True)) if late else rows.filter(ended_at__isnull=True)
    found = rows.select_related("incident__team", "person").order_by(F("ended_at").desc(nulls_first=True), "-id")
    asked = found.first() if by.person is not None else None
    if asked is None:
        raise Conflict("You are not asked for a role here.", field="text", value="", fix="Take one: /role commander")
    return asked


def _accept(by: Actor, incident: Incident, text: str, _: str) -> Answer:
    taken = commands.accept_role(by, _asked(by, incident, late=True))
    return Answer(f"You are the {taken.get_role_display().lower()}.")


def _decline(by: Actor, incident: Incident, text: str, _: str) -> Answer:
    declined = commands.decline_role(by, _asked(by, incident), why=text)
    return Answer(f"You are not asked to be the {declined.get_role_display().lower()} any more.")


ROLE_WORDS = {"comms": "communications", "ops": "operations", "ic": "commander", "lead": "commander"}


def _handoff(by: Actor, incident: Incident, text: str, _: str) -> Answer:
    """Without the name of a role (``/handoff @ada …``) it is the one that ``by`` has."""
    people, words = people_first(_needed(text, "handoff"))
    held = RoleAssignment.objects.filter(incident=incident, ended_at__isnull=True).order_by("id")
    if people:
        own = list(held.filter(person=by.person))
        if len(own) > 1:
            names = ", ".join(each.role for each in own)
            raise Refused(
                f"Say which role: {names}.", field="text", value=text[:40], fix=f"/handoff {own[0].role} @ada …"
            )
    else:
        word, _, rest = text.partition(" ")
        people, words = people_first(rest)
        named = held.filter(role=ROLE_WORDS.get(word.lower(), word.lower()))
        own = list(named.filter(person=by.person)) or list(named[:1])
    if not people:
        raise Refused("Say to whom.", field="text", value=text[:40], fix="For example: /handoff @ada We wait")
    if not own:
        raise Refused("Nobody has that role.", field="text", value=text[:40], fix="Give it: /role commander @ada")
    commands.offer_handoff(by, own[0], people[0], knows=_needed(words, "handoff"))
    return Answer(f"{people[0]} is being paged to take over as {own[0].get_role_display().lower()}.")


def _follow(by: Actor, incident: Incident, text: str, _: str) -> Answer:
    commands.follow_incident(by, incident, level=text.lower())
    told = Follower.Level(following.level_of(by, incident)).label.lower()
    return Answer(f"You follow it and are told: {told}.")


def _unfollow(by: Actor, incident: Incident, text: str, _: str) -> Answer:
    commands.follow_incident(by, incident, yes=False)
    return Answer("You no longer follow the incident.")


def _help(by: Actor, incident: Incident, text: str, _: str) -> Answer:
    try:
        return Answer(slash.help_with(text))
    except slash.Unknown as unknown:
        fix = f"Did you mean {', '.join('/' + each for each in slash.similar(str(unknown)))}?"
        raise Refused(f"There is no command /{unknown}.", field="text", value=text[:40], fix=fix) from None


def _resolve(by: Actor, incident: Incident, text: str, key: str) -> Answer:
    return _status(by, incident, "resolved", key)


def _status(by: Actor, incident: Incident, text: str, _: str) -> Answer:
    word = _needed(text, "status").lower()
    own = next((each for each in offered_to(incident) if word in {each.slug, each.name.lower()}), None)
    if own is None and word not in Phase.values:
        possible = [*Phase.values[:3], *(each.slug for each in offered_to(incident))]
        raise Refused("That is not a status.", field="text", value=word[:40], fix=f"Use one of {', '.join(possible)}.")
    commands.move_to(by, incident, own or word)
    return Answer(f"The incident is {incident.state_name.lower()}.")


def _severity(by: Actor, incident: Incident, text: str, _: str) -> Answer:
    word, _, reason = _needed(text, "severity").partition(" ")
    level = word.lower().removeprefix("sev")
    if level not in {"1", "2", "3", "4", "5"}:
        raise Refused("That is not a severity.", field="text", value=word[:40], fix="Use 1 (worst) to 5.")
    commands.change_severity(by, incident, int(level), reason=reason.strip())
    return Answer(f"The severity is SEV{level}.")


def _field(name: str) -> Callable[[Actor, Incident, str, str], Answer]:
    def way(by: Actor, incident: Incident, text: str, _: str) -> Answer:
        commands.edit(by, incident, **{name: _needed(text, name)})  # type: ignore[arg-type]
        return Answer(f"The {name} is noted.")

    return way


def _update(by: Actor, incident: Incident, text: str, _: str) -> Answer:
    words, minutes = slash.promise_last(_needed(text, "update"))
    last = incident.updates.first()
    publish(
        by,
        incident,
        stage=rules.stage_now(incident.phase, last.stage if last else None),
        happening=_needed(words, "update"),
        impact=incident.impact,
        next_update_at=clock.now() + timedelta(minutes=minutes) if minutes else None,
    )
    return Answer("The update is published." + (f" The next one is due in {minutes} minutes." if minutes else ""))


def _page(by: Actor, incident: Incident, text: str, _: str) -> Answer:
    people, words = people_first(_needed(text, "page"))
    if not people:
        raise Refused("Say whom to page.", field="text", value=text[:40], fix="For example: /page @ada Can you look?")
    commands.ask_in(by, incident, people, words)
    names = ", ".join(str(person) for person in people)
    return Answer(f"{names} {'is' if len(people) == 1 else 'are'} being paged.")


# Whoever may see the incident may do so, as far as the command lets them, and doing it twice is doing it once.
_FOR_READERS = {"accept", "decline", "follow", "unfollow", "help"}
_WAYS: dict[str, Callable[[Actor, Incident, str, str], Answer]] = {
    "answer": _answer,
    "test": _judge("testing"),
    "confirm": _judge("confirmed"),
    "rule-out": _judge("ruled_out"),
    "task": _task,
    "done": _done,
    "park": _park,
    "mitigate": _mitigate,
    "ack": _ack,
    "role": _role,
    "accept": _accept,
    "decline": _decline,
    "handoff": _handoff,
    "follow": _follow,
    "unfollow": _unfollow,
    "help": _help,
    "status": _status,
    "resolve": _resolve,
    "severity": _severity,
    "impact": _field("impact"),
    "summary": _field("summary"),
    "update": _update,
    "page": _page,
    "runbook": lambda by, incident, text, key: Answer(runbook_line(by, incident, text, key)),
}


def words() -> dict[str, list[dict[str, str]]]:
    """What completes while one types: commands, and people."""
    people = Person.objects.filter(is_active=True).order_by("name", "id")
    known = [rules.mentions.Known(person.pk, person.email, person.name) for person in people]
    handles = rules.mentions.handles(known)
    return {
        "commands": [{"name": each.name, "example": each.example, "does": each.does} for each in slash.COMMANDS],
        "people": [{"handle": handles[person.id], "name": person.name} for person in known],
    }
