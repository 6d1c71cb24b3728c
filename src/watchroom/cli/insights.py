"""Commands for what can be learnt from alerts and pages."""

from __future__ import annotations

from typing import Any

import click

from .client import Api, api_command
from .show import table


@click.group()
def insights() -> None:
    """Which alerts to mend, and who carries how much."""


@insights.command()
@click.option("--days", default=28, show_default=True)
@click.option("--team", help="Slug; without it, all.")
@api_command
def alerts(api: Api, days: int, team: str | None) -> Any:
    """Which kinds of alerts page people for nothing, the worst first."""
    found = api.get("/insights/alert-rules", days=days, team=team)
    columns = ("rule", "team", "fires", "pages", "pages_for_nothing", "night_pages", "advice")
    return found, table(*columns, empty="No alerts in this time.")


@insights.command()
@click.argument("team")
@click.option("--days", default=28, show_default=True)
@api_command
def load(api: Api, team: str, days: int) -> Any:
    """What on-call cost the people of a team."""
    found = api.get("/insights/load", team=team, days=days)
    columns = ("name", "hours_on_call", "pages", "night_pages", "sleep_interruptions", "weekend_days", "warnings")
    return found, lambda answer: table(*columns, empty="Nobody was on call or paged.")(answer["people"])


@insights.command()
@click.argument("rule")
@click.argument("team")
@api_command
def fix(api: Api, rule: str, team: str) -> Any:
    """Make it your task to mend a kind of alert."""
    answer = api.post("/insights/fix", rule=rule, team=team)
    return answer, f"Action item {answer['id']} is yours, due on {answer['due_on']}."


@insights.command()
@click.argument("rule")
@click.argument("team")
@click.option("--days", default=28, show_default=True, help="Over which the suggestion is counted.")
@api_command
def wait(api: Api, rule: str, team: str, days: int) -> Any:
    """Let paging for a kind of alert wait as suggested, because it mostly ends by itself."""
    answer = api.post("/insights/wait", rule=rule, team=team, days=days)
    return answer, f"It waits {answer['group_wait_seconds']} s before it pages: route {answer['id']}, {answer['name']}."


@insights.command()
@click.argument("team")
@click.argument("what", type=click.Choice(["on", "off"]))
@api_command
def weekly(api: Api, team: str, what: str) -> Any:
    """Have a team's managers told on Mondays which of its alerts to fix, or no longer."""
    answer = api.call("PUT", f"/insights/weekly-list/{team}", {"on": what == "on"})
    return answer, f"The next list goes at {answer['due_at']}." if answer["on"] else "No list is sent any more."
