"""Commands for what can be learnt from alerts and pages."""

from __future__ import annotations

from typing import Any

import click

from ..kernel.durations import duration
from .client import Api, api_command, given
from .show import facts, sheet, table


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
    columns = (
        "name",
        "hours_on_call",
        "weeks_in_a_row",
        "hours_in_incidents",
        "pages",
        "night_pages",
        "sleep_interruptions",
        "weekend_days",
        "warnings",
    )
    return found, lambda answer: table(*columns, empty="Nobody was on call or paged.")(answer["people"])


@insights.command()
@click.option("--days", default=28, show_default=True)
@click.option("--team", help="Slug; without it, all.")
@api_command
def incidents(api: Api, days: int, team: str | None) -> Any:
    """How incidents went: how many, how long until they were detected, acknowledged, mitigated and resolved, and what was
    hurt most often."""
    return api.get("/insights/incidents", days=days, team=team), _went


def _went(answer: Any) -> None:
    kinds = ", ".join(f"{count} SEV{severity}" for severity, count in answer["by_severity"].items())
    click.echo(f"{answer['count']} incidents ({kinds or 'none'}), {answer['before']} in as long a time before.")
    if not answer["count"]:
        return
    click.echo("")
    columns = {"median_seconds": "half_within", "most_seconds": "nine_of_ten_within", "before_seconds": "before"}
    table("name", *columns.values(), "count")(
        [
            each | {word: "" if each[name] is None else duration(each[name]) for name, word in columns.items()}
            for each in answer["measures"]
        ]
    )
    if answer["services"]:
        click.echo("")
        table("service", "count", "hurt_for")(
            [each | {"hurt_for": duration(each["hurt_seconds"])} for each in answer["services"][:12]]
        )


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
@click.option("--pages", "pages_per_shift", type=int, help="Within twelve hours. Of each: 0 means no limit.")
@click.option("--nights", "nights_per_week", type=int, help="With a page, within seven.")
@click.option("--hours", "hours_per_month", type=int, help="On call within 28 days.")
@click.option("--weeks", "weeks_in_a_row", type=int, help="On call without a break.")
@click.option("--share", "share_percent", type=int, help="Of the team's pages, in percent.")
@click.option("--stop", is_flag=True, help="Tell nobody any more.")
@api_command
def limits(api: Api, team: str, stop: bool, **wanted: int | None) -> Any:
    """What a team bears. With an option: set it, and tell whoever crosses a limit, and the managers."""
    if stop:
        return api.call("DELETE", f"/insights/limits/{team}"), facts
    said = given(wanted)
    return api.call("PUT" if said else "GET", f"/insights/limits/{team}", said or None), facts


@insights.command()
@click.option("--team", help="Slug; without it, all.")
@click.option("--all", "every", is_flag=True, help="Those that are dealt with, too.")
@api_command
def crossed(api: Api, team: str | None, every: bool) -> Any:
    """Who carried more than their team's limits."""
    found = api.get("/insights/crossings", team=team, state="all" if every else "open")
    return found, table("id", "team", "person", "text", "noticed_at", empty="Nobody carried too much.")


@insights.command()
@click.argument("number", type=int)
@click.option("--accept", type=click.Choice(["rest_day", "swap", "fix"]), help="Take this proposal.")
@click.option("--close", is_flag=True, help="It is dealt with.")
@api_command
def relief(api: Api, number: int, accept: str | None, close: bool) -> Any:
    """What would help somebody who carried too much: a rest day with cover, a swap, alerts to mend."""
    path = f"/insights/crossings/{number}"
    answer = api.call("POST", f"{path}/accept", proposal=accept) if accept else api.get(path)
    return (api.post(f"{path}/close") if close else answer), facts


@insights.command()
@click.argument("team")
@click.option("--month", help="Such as 2026-03; without it, the last one.")
@click.option("--csv", "as_csv", is_flag=True, help="Every line, for a spreadsheet.")
@api_command
def pay(api: Api, team: str, month: str | None, as_csv: bool) -> Any:
    """What on-call earned in a month: by person, or (--csv, --json) line by line. Managers see everybody, others themselves."""
    found = api.get("/insights/pay", team=team, month=month)
    if as_csv:
        columns = ("person", "schedule", "what", "starts_at", "ends_at", "quantity", "rate", "amount", "unit")
        return found, lambda answer: sheet(
            (*columns, "time_off_hours", "text"), [{**line, "unit": answer["unit"]} for line in answer["lines"]]
        )
    return found, lambda answer: table(
        "person", "hours", "pages", "amount", "time_off_hours", empty="Nobody was on call in this month."
    )(answer["people"])


@insights.command("pay-rules")
@click.argument("team")
@click.option("--set", "said", multiple=True, metavar="NAME=VALUE", help="Such as night=4.50; may be said again.")
@click.option("--stop", is_flag=True, help="Pay nothing any more.")
@click.option(
    "--from", "valid_from", metavar="DAY", help="From when, such as 2026-05-01; without it, the first of this month."
)
@click.option("--reason", help="Why, where months that are over have to change.")
@click.option("--withdraw", metavar="DAY", help="Take back what is planned from that day.")
@api_command
def pay_rules(api: Api, team: str, said: tuple[str, ...], stop: bool, withdraw: str | None, **when: str | None) -> Any:
    """By which rules a team pays for on-call, and from when. See the names without an option."""
    path = f"/insights/pay-rules/{team}"
    wanted = {name.strip(): value.strip() for name, _, value in (each.partition("=") for each in said)}
    if withdraw:
        answer = api.call("DELETE", f"{path}/{withdraw}")
    elif stop:
        answer = api.call("DELETE", path, **when)
    else:
        answer = api.call("PUT" if wanted else "GET", path, wanted | given(when) if wanted else None)
    return answer, _rules


def _rules(answer: Any) -> None:
    versions = [{**each, "valid_from": each["valid_from"] or "always"} for each in answer.pop("versions")]
    facts(answer)
    if versions:
        click.echo("")
        table("valid_from", "state", "text", "made_by", "made_at", "reason")(versions)


@insights.command()
@click.argument("team")
@click.argument("what", type=click.Choice(["on", "off"]))
@api_command
def weekly(api: Api, team: str, what: str) -> Any:
    """Have a team's managers told on Mondays which of its alerts to fix, or no longer."""
    answer = api.call("PUT", f"/insights/weekly-list/{team}", {"on": what == "on"})
    return answer, f"The next list goes at {answer['due_at']}." if answer["on"] else "No list is sent any more."


@insights.group("grouping")
def grouping() -> None:
    """Alerts that always fire together, and what would make one page of them."""


@grouping.command("list")
@click.option("--state", type=click.Choice(["open", "accepted", "dismissed", "all"]), default="open", show_default=True)
@click.option("--cursor", help="From the page before.")
@api_command
def list_grouping(api: Api, **query: Any) -> Any:
    """What is suggested, and why."""
    return api.get("/grouping-suggestions", **query), _suggested


def _suggested(answer: Any) -> None:
    if not answer["items"]:
        click.echo("Nothing fires together.")
    for each in answer["items"]:
        click.echo(f"{each['id']}  {each['team']}: {', '.join(each['rules'])}")
        click.echo(f"    {each['evidence']}\n    {each['effect']}")


@grouping.command("accept")
@click.argument("id", type=int)
@api_command
def accept_grouping(api: Api, id: int) -> Any:
    """Group as it is suggested."""
    answer = api.call("POST", f"/grouping-suggestions/{id}/accept")
    return answer, f"Route {answer['made_route']} groups by {answer['label']} from now on."


@grouping.command("dismiss")
@click.argument("id", type=int)
@api_command
def dismiss_grouping(api: Api, id: int) -> Any:
    """Leave it as it is; it is not suggested again."""
    return api.call("POST", f"/grouping-suggestions/{id}/dismiss"), "Dismissed."
