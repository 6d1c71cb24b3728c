"""Ready-made requests that a person can pick."""

from __future__ import annotations


def join_incident(id: int) -> str:
    """What somebody must know who joins an incident now."""
    return (
        f"Read incident {id} of Watchroom (get_incident, catch_up, investigation_board). Tell me in at most ten lines: what is hurt and "
        "how badly, what has been tried with which outcome, which hypotheses are open, who has which role, what is due next and when. "
        "Mark guesses as such."
    )


def look_into_alert(id: int) -> str:
    """What an alert may mean, from what is known here."""
    return (
        f"Read alert group {id} of Watchroom (get_alert, why_paged, evidence) and incidents and postmortems with the same service or "
        "words. Tell me what it means for users, whether it happened before and what helped then, and what to look at first. "
        "Do not change anything."
    )


def stakeholder_update(id: int) -> str:
    """A draft of what to tell stakeholders."""
    return (
        f"Read incident {id} of Watchroom and draft an update for people who use the product: what they notice, since when, what is "
        "being done, when they hear again. No internal names, no cause that is not proven, no blame. Show it to me; "
        "put it into the draft only if I say so."
    )


def find_patterns(team: str) -> str:
    """What a team's incidents have in common."""
    return (
        f"Read the last months' postmortems and incidents of team {team} in Watchroom. Which contributing factors return? Which action "
        "items were meant to prevent what happened again? Name the incidents by number."
    )


prompts = (join_incident, look_into_alert, stakeholder_update, find_patterns)
