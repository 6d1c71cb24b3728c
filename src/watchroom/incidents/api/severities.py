"""What the severities mean here."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Field, Router, Schema

from ...accounts.roles import Action
from ...api.auth import actor_of
from .. import commands
from ..rules.severities import Severity
from ..severities import all_severities

router = Router(tags=["Incidents as they are here"])


class SeverityIn(Schema):
    """Only what is given changes."""

    name: str | None = Field(None, max_length=40, description="A word of your own that stands beside SEV1.")
    definition: str | None = Field(None, max_length=300, description="When to choose it.")
    update_minutes: int | None = Field(None, ge=1, le=43_200, description="How often stakeholders hear news at least.")
    roles: list[str] | None = Field(None, description="Roles that somebody has to have: commander, communications, …")
    customers: bool | None = Field(
        None, description="Customers notice it: the guidance then watches what they are told."
    )
    urgent: bool | None = Field(
        None, description="People are woken for it: for its triage, and when guidance can't wait."
    )


class SeverityOut(Schema):
    """A severity."""

    level: int
    code: str = Field(description="SEV1 to SEV5.")
    name: str
    definition: str
    update_minutes: int
    roles: list[str]
    customers: bool
    urgent: bool

    @staticmethod
    def of(found: Severity) -> SeverityOut:
        return SeverityOut(
            level=found.level,
            code=found.code,
            name=found.name,
            definition=found.definition,
            update_minutes=found.update_minutes,
            roles=list(found.roles),
            customers=found.customers,
            urgent=found.urgent,
        )


@router.get("/severities", response=list[SeverityOut], operation_id="list_severities")
def list_severities(request: HttpRequest) -> list[SeverityOut]:
    """The five severities, the worst first, with their definitions and what follows from each."""
    actor_of(request).require(Action.SEE)
    return [SeverityOut.of(each) for each in all_severities().values()]


@router.patch("/severities/{int:level}", response=SeverityOut, operation_id="change_severity_definition")
def change_severity(request: HttpRequest, level: int, body: SeverityIn) -> SeverityOut:
    """Say what a severity means. For administrators."""
    return SeverityOut.of(commands.save_severity(actor_of(request), level, **body.model_dump()))


@router.delete("/severities/{int:level}", response=SeverityOut, operation_id="reset_severity_definition")
def reset_severity(request: HttpRequest, level: int) -> SeverityOut:
    """Let it be again what it was when Watchroom was installed. For administrators."""
    return SeverityOut.of(commands.reset_severity(actor_of(request), level))
