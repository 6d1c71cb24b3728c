"""What on-call earns, over the API."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router

from ...accounts.queries import team_by
from ...accounts.roles import Action
from ...api.auth import actor_of
from ..pay import last_month, pay_of
from ..pay_rules import set_pay, withdraw_pay
from ..pay_schemas import PayOut, PayRulesBody, PayRulesOut

router = Router(tags=["Insights"])
_FROM = Query(None, description="From which day nothing is paid; left out, as when rules are set.")


@router.get("/insights/pay", response=PayOut, operation_id="get_pay")
def get_pay(
    request: HttpRequest, team: str, month: str = Query("", description="Such as 2026-03; empty: the last one.")
) -> Any:
    """What on-call earned in a month, line by line. Managers of the team see everybody, others themselves."""
    return PayOut.of(pay_of(actor_of(request), team_by(team), month or last_month()))


@router.get("/insights/pay-rules/{team}", response=PayRulesOut, operation_id="get_pay_rules")
def get_pay_rules(request: HttpRequest, team: str) -> Any:
    """By which rules a team pays for on-call."""
    chosen = team_by(team)
    actor_of(request).require(Action.SEE, chosen)
    return PayRulesOut.of(chosen)


@router.put("/insights/pay-rules/{team}", response=PayRulesOut, operation_id="set_pay_rules")
def set_pay_rules(request: HttpRequest, team: str, body: PayRulesBody) -> Any:
    """Set them from a day on; what is left out keeps its value. Months that are over change only with a reason."""
    chosen = team_by(team)
    given = body.model_dump(exclude_none=True, exclude={"valid_from", "reason"})
    set_pay(actor_of(request), chosen, given, valid_from=body.valid_from, reason=body.reason or "")
    return PayRulesOut.of(chosen)


@router.delete("/insights/pay-rules/{team}", response=PayRulesOut, operation_id="remove_pay_rules")
def remove_pay_rules(
    request: HttpRequest,
    team: str,
    valid_from: date | None = _FROM,
    reason: str = Query("", max_length=200, description="Needed where months that are over change."),
) -> Any:
    """Hours go on being counted, and nothing is paid."""
    chosen = team_by(team)
    set_pay(actor_of(request), chosen, None, valid_from=valid_from, reason=reason)
    return PayRulesOut.of(chosen)


@router.delete("/insights/pay-rules/{team}/{valid_from}", response=PayRulesOut, operation_id="withdraw_pay_rules")
def withdraw_pay_rules(request: HttpRequest, team: str, valid_from: date) -> Any:
    """Take back rules that have not begun."""
    chosen = team_by(team)
    withdraw_pay(actor_of(request), chosen, valid_from)
    return PayRulesOut.of(chosen)
