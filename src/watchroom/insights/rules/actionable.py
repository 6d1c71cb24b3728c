"""Which kinds of alerts page people for nothing, and what would mend them. Pure.

A page was for nothing when whoever looked after it said so (nothing to do, known already, false alarm), or when nobody
said anything and it ended by itself before anybody answered.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from .waiting import Paged, Wait, suggested

ACTED = "acted"
NIGHT_WEIGHT = 3  # a page that wakes somebody costs as much as three by day
_ENOUGH = 3  # less is no pattern


@dataclass(frozen=True)
class Fire:
    """One alert group, told for counting. ``lasted_seconds`` is None while it fires; ``answered_seconds`` is how long its
    acknowledgement took, or None."""

    rule: str
    team: str
    verdict: str
    ended_by_itself: bool
    lasted_seconds: float | None
    answered_seconds: float | None
    reopened: int
    pages: int
    night_pages: int


@dataclass(frozen=True)
class Score:
    """What one kind of alert has cost a team, and whether it was worth it. Shares are from 0 to 1."""

    rule: str
    team: str
    fires: int
    pages: int
    night_pages: int
    pages_for_nothing: int
    judged: int
    no_action_share: float | None
    ended_by_itself_share: float
    median_answer_seconds: float | None
    median_length_seconds: float | None
    reopened: int
    noise: int
    advice: tuple[str, ...]
    wait: Wait | None = None  # that would spare most of its pages


def for_nothing(fire: Fire) -> bool:
    """Whether nobody was needed."""
    if fire.verdict:
        return fire.verdict != ACTED
    return fire.ended_by_itself and fire.answered_seconds is None


def noise_of(fire: Fire) -> int:
    """What its pages cost where nobody was needed."""
    return fire.pages + (NIGHT_WEIGHT - 1) * fire.night_pages


def scores(fires: Iterable[Fire]) -> list[Score]:
    """One score for each kind of alert of each team; the one whose mending would save most sleep first."""
    by_rule: dict[tuple[str, str], list[Fire]] = defaultdict(list)
    for fire in fires:
        by_rule[fire.rule, fire.team].append(fire)
    found = [_score(rule, team, own) for (rule, team), own in by_rule.items()]
    return sorted(found, key=lambda each: (-each.noise, -each.pages, -each.fires, each.rule, each.team))


def _score(rule: str, team: str, fires: Sequence[Fire]) -> Score:
    judged = [fire for fire in fires if fire.verdict]
    wasted = [fire for fire in fires if for_nothing(fire)]
    answers = [fire.answered_seconds for fire in fires if fire.answered_seconds is not None]
    lengths = [fire.lasted_seconds for fire in fires if fire.lasted_seconds is not None]
    by_itself = [fire for fire in fires if fire.ended_by_itself]
    noise = sum(map(noise_of, wasted))
    score = Score(
        rule=rule,
        team=team,
        fires=len(fires),
        pages=sum(fire.pages for fire in fires),
        night_pages=sum(fire.night_pages for fire in fires),
        pages_for_nothing=sum(fire.pages for fire in wasted),
        judged=len(judged),
        no_action_share=sum(fire.verdict != ACTED for fire in judged) / len(judged) if judged else None,
        ended_by_itself_share=len(by_itself) / len(fires),
        median_answer_seconds=median(answers) if answers else None,
        median_length_seconds=median(lengths) if lengths else None,
        reopened=sum(fire.reopened for fire in fires),
        noise=noise,
        advice=(),
        wait=suggested(
            Paged(
                fire.lasted_seconds,
                fire.ended_by_itself and fire.answered_seconds is None and fire.verdict != ACTED,
                fire.pages,
            )
            for fire in fires
        ),
    )
    return Score(**{**score.__dict__, "advice": tuple(_advice(score, by_itself))})


def _advice(score: Score, by_itself: Sequence[Fire]) -> Iterable[str]:
    """What would mend it, most thorough first. Only from :data:`_ENOUGH` cases on: less is no pattern."""
    if score.judged >= _ENOUGH and score.no_action_share == 1:
        yield "Nobody has ever had to do anything about it. Delete it, or let it be a note instead of a page."
    elif score.judged >= _ENOUGH and score.no_action_share is not None and score.no_action_share >= 0.5:
        yield "Mostly nobody had to do anything. Raise its threshold, or alert on what users feel instead."
    lengths = [fire.lasted_seconds for fire in by_itself if fire.lasted_seconds is not None]
    if len(lengths) >= _ENOUGH and score.ended_by_itself_share >= 0.5 and median(lengths) <= 900:
        minutes = max(1, round(median(lengths) / 60))
        yield f"It mostly ends by itself after about {minutes} min. Page only when it lasts longer: group wait, or “for:”."
    if score.fires >= _ENOUGH and score.reopened >= score.fires / 2:
        yield "It comes and goes. Give it separate thresholds for firing and for ending, or a longer window."
    if score.night_pages >= _ENOUGH and score.median_answer_seconds is not None and score.median_answer_seconds > 1800:
        yield "It is answered late and nobody minds: its urgency is too high. Let it wait for the morning."
