"""The API of drills."""

from __future__ import annotations

from random import Random

from django.http import HttpRequest
from ninja import Query, Router, Status

from ..accounts.actors import Actor
from ..accounts.models import Person
from ..accounts.queries import person_by, team_by
from ..accounts.roles import Action
from ..api.auth import actor_of
from ..api.lists import Page
from ..api.pages import Cursor, Limit, page
from ..catalog.models import Service
from ..catalog.queries import services_visible_to
from ..kernel.errors import NotFound
from ..kernel.finding import one
from . import commands, library, queries
from .models import Drill, DrillNote, PracticePlan, Scenario
from .schemas import (
    ActionIn,
    DebriefOut,
    DelayIn,
    DrillNoteIn,
    DrillNoteOut,
    DrillOut,
    DrillPlanIn,
    DrillScoreOut,
    FromLibraryIn,
    HintIn,
    InjectOut,
    MomentOut,
    PlanPatch,
    PracticeIn,
    PracticeOut,
    PractisedOut,
    ScenarioIn,
    ScenarioOut,
    StoryOut,
)

router = Router(tags=["Drills"])


def _services(by: Actor, slugs: list[str]) -> list[Service]:
    found = {each.slug: each for each in services_visible_to(by).filter(slug__in=slugs)}
    for slug in slugs:
        if slug not in found:
            raise NotFound(
                f"There is no service {slug!r}.", field="services", value=slug, fix="See `watchroom services`."
            )
    return [found[slug] for slug in dict.fromkeys(slugs)]


@router.get("/scenario-library", response=list[StoryOut], summary="Scenarios that come with Watchroom")
def list_scenario_library(request: HttpRequest) -> list[StoryOut]:
    """Each can be made a team's own."""
    actor_of(request)
    names = ("key", "practises", "severity", "minutes", "level")
    return [StoryOut(name=each.shown, **{name: getattr(each, name) for name in names}) for each in library.stories()]


@router.post("/scenario-library", response={201: ScenarioOut}, summary="Make a scenario of the library a team's own")
def create_scenario_from_library(request: HttpRequest, body: FromLibraryIn) -> Status[ScenarioOut]:
    """Its words are filled in with the names of the services."""
    by = actor_of(request)
    made = commands.from_library(by, body.key, team=team_by(body.team), services=_services(by, body.services))
    return Status(201, ScenarioOut.of(made, by))


@router.get("/scenarios", response=Page[ScenarioOut], summary="List scenarios")
def list_scenarios(
    request: HttpRequest, team: str = Query("", description="Slug."), cursor: Cursor = None, limit: Limit = 50
) -> Page[ScenarioOut]:
    """What can be practised."""
    by = actor_of(request)
    rows = queries.scenarios_visible_to(by).prefetch_related("services")
    found, more = page(rows.filter(team__slug=team) if team else rows, cursor=cursor, limit=limit, key="id")
    read = queries.read_inside_by(by, found)
    return Page(items=[ScenarioOut.told(row, inside=row.pk in read) for row in found], next_cursor=more)


def _save(request: HttpRequest, row: Scenario | None, body: ScenarioIn) -> ScenarioOut:
    by = actor_of(request)
    fields = body.model_dump() | {"team": team_by(body.team), "services": _services(by, body.services)}
    return ScenarioOut.of(commands.save_scenario(by, row, **fields), by)


@router.post("/scenarios", response={201: ScenarioOut}, summary="Write a scenario")
def create_scenario(request: HttpRequest, body: ScenarioIn) -> Status[ScenarioOut]:
    """With injects and expectations."""
    return Status(201, _save(request, None, body))


@router.get("/scenarios/{slug}", response=ScenarioOut, summary="One scenario")
def get_scenario(request: HttpRequest, slug: str) -> ScenarioOut:
    """Without what is in it, for whoever is about to practise it."""
    by = actor_of(request)
    return ScenarioOut.of(queries.scenario_by(by, slug), by)


@router.put("/scenarios/{slug}", response=ScenarioOut, summary="Change a scenario")
def change_scenario(request: HttpRequest, slug: str, body: ScenarioIn) -> ScenarioOut:
    """A drill that has begun keeps to what it began with."""
    return _save(request, queries.scenario_by(actor_of(request), slug), body)


@router.delete("/scenarios/{slug}", response={204: None}, summary="Delete a scenario")
def delete_scenario(request: HttpRequest, slug: str) -> Status[None]:
    """Refused as long as a practice of it is kept."""
    by = actor_of(request)
    commands.delete_scenario(by, queries.scenario_by(by, slug))
    return Status(204, None)


@router.get("/drills", response=Page[DrillOut], summary="List drills")
def list_drills(
    request: HttpRequest,
    team: str = Query("", description="Slug."),
    state: str = Query("", description="planned, running, paused, ended, called_off."),
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[DrillOut]:
    """The newest first."""
    by = actor_of(request)
    rows = queries.visible_to(by).prefetch_related("participants")
    rows = rows.filter(team__slug=team) if team else rows
    rows = rows.filter(state=state) if state else rows
    found, more = page(rows, cursor=cursor, limit=limit, key="-id")
    return Page(items=[DrillOut.of(row, by) for row in found], next_cursor=more)


def _people(emails: list[str]) -> list[Person]:
    return [person_by(each) for each in dict.fromkeys(emails)]


@router.post("/drills", response={201: DrillOut}, summary="Plan a drill")
def create_drill(request: HttpRequest, body: DrillPlanIn) -> Status[DrillOut]:
    """Those who take part are told when, not what."""
    by = actor_of(request)
    if body.scenario:
        chosen = queries.scenario_by(by, body.scenario)
    else:
        rows = queries.scenarios_visible_to(by).filter(team=team_by(body.team))
        found = queries.by_chance(rows, Random())
        if found is None:
            raise NotFound(
                "The team has no scenario.", field="scenario", value="", fix="Make one of the library's its own."
            )
        chosen = found
    made = commands.plan(
        by,
        chosen,
        facilitator=person_by(body.facilitator) if body.facilitator else None,
        participants=_people(body.participants),
        planned_for=body.planned_for,
        pages=body.pages,
        surprise=body.surprise,
    )
    return Status(201, DrillOut.of(made, by))


@router.get("/drills/{int:id}", response=DrillOut, summary="One drill")
def get_drill(request: HttpRequest, id: int) -> DrillOut:
    """As it stands."""
    by = actor_of(request)
    return DrillOut.of(queries.drill_for(by, id), by)


@router.patch("/drills/{int:id}", response=DrillOut, summary="Change the plan of a drill")
def change_drill(request: HttpRequest, id: int, body: PlanPatch) -> DrillOut:
    """As long as it has not begun."""
    by = actor_of(request)
    return DrillOut.of(
        commands.change_plan(
            by,
            queries.drill_for(by, id),
            facilitator=person_by(body.facilitator) if body.facilitator else None,
            participants=None if body.participants is None else _people(body.participants),
            planned_for=body.planned_for,
            pages=body.pages,
            surprise=body.surprise,
        ),
        by,
    )


@router.delete("/drills/{int:id}", response={204: None}, summary="Delete a drill that is over")
def delete_drill(request: HttpRequest, id: int) -> Status[None]:
    """With its score and its notes; by an administrator. Its room and its action items stay."""
    by = actor_of(request)
    commands.delete_drill(by, queries.drill_for(by, id))
    return Status(204, None)


@router.post("/drills/{int:id}/call-off", response=DrillOut, summary="Call a drill off")
def call_off_drill(request: HttpRequest, id: int) -> DrillOut:
    """Before it has begun."""
    by = actor_of(request)
    return DrillOut.of(commands.call_off(by, queries.drill_for(by, id)), by)


@router.post("/drills/{int:id}/start", response=DrillOut, summary="Start a drill")
def start_drill(request: HttpRequest, id: int) -> DrillOut:
    """What comes first comes at once."""
    by = actor_of(request)
    return DrillOut.of(commands.start(by, queries.drill_for(by, id)), by)


@router.post("/drills/{int:id}/pause", response=DrillOut, summary="Let a drill rest")
def pause_drill(request: HttpRequest, id: int) -> DrillOut:
    """Nothing comes, and no time passes."""
    by = actor_of(request)
    return DrillOut.of(commands.pause(by, queries.drill_for(by, id)), by)


@router.post("/drills/{int:id}/resume", response=DrillOut, summary="Let a drill go on")
def resume_drill(request: HttpRequest, id: int) -> DrillOut:
    """What is to come comes as much later as it rested."""
    by = actor_of(request)
    return DrillOut.of(commands.resume(by, queries.drill_for(by, id)), by)


@router.post("/drills/{int:id}/stop", response=DrillOut, summary="Stop everything of a drill now")
def stop_drill(request: HttpRequest, id: int) -> DrillOut:
    """Its alerts, pages and incident end at once. Whoever takes part may, too."""
    by = actor_of(request)
    return DrillOut.of(commands.end(by, queries.drill_for(by, id)), by)


@router.post("/drills/{int:id}/hint", response=DrillOut, summary="Give those who practise a hint")
def give_drill_hint(request: HttpRequest, id: int, body: HintIn) -> DrillOut:
    """Into the room."""
    by = actor_of(request)
    row = queries.drill_for(by, id)
    commands.hint(by, row, body.text)
    return DrillOut.of(row, by)


@router.get("/drills/{int:id}/injects", response=list[InjectOut], summary="What happened in a drill, and what comes")
def list_drill_injects(request: HttpRequest, id: int) -> list[InjectOut]:
    """For whoever runs it; for others once it has ended."""
    by = actor_of(request)
    row = queries.drill_for(by, id)
    if not queries.reads_all(by, row):
        raise NotFound("What comes is read by whoever facilitates.", field="drill", value=id)
    return [InjectOut.of(each) for each in row.injects.all()]


@router.post("/drill-injects/{int:id}/deliver", response=InjectOut, summary="Have an inject happen now")
def deliver_inject(request: HttpRequest, id: int) -> InjectOut:
    """Before its time, or where it has none."""
    by = actor_of(request)
    return InjectOut.of(commands.deliver_now(by, queries.inject_for(by, id)))


@router.post("/drill-injects/{int:id}/skip", response=InjectOut, summary="Leave an inject out")
def skip_inject(request: HttpRequest, id: int) -> InjectOut:
    """It does not come any more."""
    by = actor_of(request)
    return InjectOut.of(commands.skip(by, queries.inject_for(by, id)))


@router.post("/drill-injects/{int:id}/delay", response=InjectOut, summary="Have an inject come later")
def delay_inject(request: HttpRequest, id: int, body: DelayIn) -> InjectOut:
    """By so many minutes."""
    by = actor_of(request)
    return InjectOut.of(commands.delay(by, queries.inject_for(by, id), body.minutes))


def _debriefed(by: Actor, id: int) -> Drill:
    row = queries.drill_for(by, id)
    if not row.is_over:
        raise NotFound("This drill has no debrief yet.", field="drill", value=id, fix="It has one when it has ended.")
    return row


@router.get("/drills/{int:id}/score", response=DrillScoreOut, summary="How a drill went")
def get_drill_score(request: HttpRequest, id: int) -> DrillScoreOut:
    """While it is on only for whoever runs it: how it goes so far."""
    by = actor_of(request)
    row = queries.drill_for(by, id)
    if not queries.reads_all(by, row):
        raise NotFound("The score is read when the drill has ended.", field="drill", value=id)
    return DrillScoreOut.of(row)


@router.get("/drills/{int:id}/debrief", response=DebriefOut, summary="The debrief of a drill")
def get_drill_debrief(request: HttpRequest, id: int) -> DebriefOut:
    """Score, notes, and what came beside what was done."""
    by = actor_of(request)
    row = _debriefed(by, id)
    told = [MomentOut(at=m.at, came=m.came, kind=m.kind, who=m.who, text=m.text) for m in queries.timeline(row, by)]
    notes = [DrillNoteOut.of(each) for each in row.notes.select_related("by")]
    return DebriefOut(score=DrillScoreOut.of(row), notes=notes, timeline=told, shared_at=row.shared_at)


@router.post("/drills/{int:id}/notes", response={201: DrillNoteOut}, summary="Say what went well, or what to mend")
def add_drill_note(request: HttpRequest, id: int, body: DrillNoteIn) -> Status[DrillNoteOut]:
    """By who took part or responds for the team."""
    by = actor_of(request)
    return Status(201, DrillNoteOut.of(commands.add_note(by, _debriefed(by, id), body.kind, body.text)))


def _note(by: Actor, id: int) -> DrillNote:
    rows = DrillNote.objects.filter(drill__in=queries.visible_to(by)).select_related("drill__team", "by")
    return one(rows, "note", pk=id)


@router.delete("/drill-notes/{int:id}", response={204: None}, summary="Take a note back")
def remove_drill_note(request: HttpRequest, id: int) -> Status[None]:
    """One's own; whoever runs the drill may others'."""
    by = actor_of(request)
    commands.remove_note(by, _note(by, id))
    return Status(204, None)


@router.post("/drill-notes/{int:id}/action", response={201: DrillNoteOut}, summary="Make an action item of a note")
def make_action_item_of_drill_note(request: HttpRequest, id: int, body: ActionIn) -> Status[DrillNoteOut]:
    """Owned and dated."""
    by = actor_of(request)
    note = _note(by, id)
    owner = person_by(body.owner) if body.owner else by.person
    if owner is None:
        raise NotFound("Nobody owns it.", field="owner", value=None, fix="Name somebody.")
    commands.action_from_note(by, note, title=body.title, owner=owner, due_on=body.due_on)
    return Status(201, DrillNoteOut.of(note))


@router.post("/drills/{int:id}/share", response=DrillOut, summary="Share a debrief with the team")
def share_debrief(request: HttpRequest, id: int) -> DrillOut:
    """Everybody in it is told where it is."""
    by = actor_of(request)
    return DrillOut.of(commands.share(by, _debriefed(by, id)), by)


@router.get("/teams/{slug}/practised", response=list[PractisedOut], summary="Who of a team has practised when")
def list_practised(request: HttpRequest, slug: str) -> list[PractisedOut]:
    """And which roles they have ever held."""
    by = actor_of(request)
    team = team_by(slug)
    by.require(Action.RESPOND, team)
    return [
        PractisedOut(person=each.person.email, name=str(each.person), last=each.last, drills=each.times, roles=sorted(each.roles))
        for each in queries.practised_in(team)
    ]  # fmt: skip


@router.get("/teams/{slug}/practice-plan", response=PracticeOut, summary="How often a team practises by itself")
def get_practice_plan(request: HttpRequest, slug: str) -> PracticeOut:
    """And when next."""
    team = team_by(slug)
    actor_of(request).require(Action.RESPOND, team)
    row = PracticePlan.objects.select_related("scenario").filter(team=team).first()
    if row is None:
        raise NotFound("The team practises by no plan.", field="team", value=slug)
    return PracticeOut.of(row)


@router.put("/teams/{slug}/practice-plan", response=PracticeOut, summary="Have a team practise every so many weeks")
def set_practice_plan(request: HttpRequest, slug: str, body: PracticeIn) -> PracticeOut:
    """Takes a manager of the team."""
    by = actor_of(request)
    row = commands.save_practice(
        by,
        team_by(slug),
        weeks=body.weeks,
        next_at=body.next_at,
        facilitators=_people(body.facilitators),
        scenario=queries.scenario_by(by, body.scenario) if body.scenario else None,
        pages=body.pages,
        timezone=body.timezone,
    )
    return PracticeOut.of(row)


@router.delete("/teams/{slug}/practice-plan", response={204: None}, summary="Plan no drill by itself any more")
def end_practice_plan(request: HttpRequest, slug: str) -> Status[None]:
    """What is planned stays."""
    commands.end_practice_plan(actor_of(request), team_by(slug))
    return Status(204, None)
