"""Commands for escalation policies and what they are doing."""

from __future__ import annotations

from typing import Any

import click

from .client import Api, api_command, given
from .show import facts, table


@click.group()
def policy() -> None:
    """Escalation policies: whom they page, and what they would do."""


@policy.command()
@click.argument("slug")
@api_command
def show(api: Api, slug: str) -> Any:
    """Show one policy."""
    return api.get(f"/policies/{slug}"), facts


@policy.command("dry-run")
@click.argument("slug")
@click.option("--at", help="An instant, RFC 3339; without it, now.")
@click.option("--urgency", type=click.Choice(["high", "low"]))
@click.option("--severity", help="Of the alert that would fire.")
@click.option("--label", "labels", multiple=True, metavar="NAME=VALUE", help="A label of it; may be repeated.")
@click.option("--alerts", type=int, help="How many would have fired by then.")
@api_command
def dry_run(api: Api, slug: str, labels: tuple[str, ...], **query: Any) -> Any:
    """What the policy would do, by the engine's own functions."""
    query["labels"] = ",".join(labels) or None
    lines = api.get(f"/policies/{slug}/dry-run", **given(query))
    return lines, table("at", "kind", "text")


@policy.command()
@click.argument("slug")
@api_command
def versions(api: Api, slug: str) -> Any:
    """What the policy said before, and what still follows each version."""
    return api.get(f"/policies/{slug}/versions"), table("version", "saved_at", "saved_by", "running", "steps")


@policy.command()
@click.argument("slug")
@api_command
def warnings(api: Api, slug: str) -> Any:
    """Its steps that will have nobody to page within four weeks."""
    answer = api.get(f"/policies/{slug}/warnings")
    return answer, table("step", "starts_at", "text", empty="Every step has somebody for the next four weeks.")


@policy.command("webhook-key")
@click.argument("slug")
@click.option("--renew", is_flag=True, help="Replace it; the old one signs nothing any more.")
@api_command
def webhook_key(api: Api, slug: str, renew: bool) -> Any:
    """The secret that signs what the policy's steps send to webhooks."""
    return api.call("POST" if renew else "GET", f"/policies/{slug}/webhook-key"), facts


@click.command()
@click.argument("id", type=int)
@api_command
def escalation(api: Api, id: int) -> Any:
    """What an escalation has done, and what it will do next and when."""
    answer = api.get(f"/escalations/{id}")

    def show(found: dict[str, Any]) -> None:
        facts({name: value for name, value in found.items() if name != "trace"})
        table("at", "future", "text", "state")(found["trace"])

    return answer, show


@click.command("withdraw-page")
@click.argument("id", type=int)
@api_command
def withdraw_page(api: Api, id: int) -> Any:
    """End a page that you have sent (its escalation's number): it is no longer needed."""
    return api.post(f"/escalations/{id}/withdraw"), "Nobody is paged any more."


@click.group()
def defect() -> None:
    """What kept pages from reaching anybody, or will."""


@defect.command("list")
@click.option("--team", help="Slug.")
@click.option("--resolved", is_flag=True, help="Those that were resolved.")
@click.option("--cursor")
@api_command
def list_defects(api: Api, **query: Any) -> Any:
    """What is open."""
    return api.get("/paging-defects", **query), table(
        "id", "kind", "text", "count", "last_at", empty="Nothing is wrong."
    )


@defect.command("resolve")
@click.argument("id", type=int)
@click.option("--note", help="What was done, or why it is accepted.")
@api_command
def resolve_defect(api: Api, id: int, note: str | None) -> Any:
    """It is mended, or known and accepted."""
    return api.post(f"/paging-defects/{id}/resolve", note=note or ""), f"Defect {id} resolved."


@click.group()
def proposal() -> None:
    """Mitigations and runbooks that policies have proposed: nothing is done before somebody approves one."""


@proposal.command("list")
@click.option("--state", help="open (the default), approved, declined, withdrawn or all.")
@api_command
def list_proposals(api: Api, **query: Any) -> Any:
    """What waits for a decision."""
    return api.get("/approvals", **given(query)), table("id", "state", "title", "escalation", "outcome")


@proposal.command()
@click.argument("id", type=int)
@api_command
def approve(api: Api, id: int) -> Any:
    """Start the mitigation, or the runbook, in the incident, which is declared where there is none."""
    return api.post(f"/approvals/{id}/approve"), f"Proposal {id} approved."


@proposal.command()
@click.argument("id", type=int)
@api_command
def decline(api: Api, id: int) -> Any:
    """Decline it: nothing is done."""
    return api.post(f"/approvals/{id}/decline"), f"Proposal {id} declined."


commands = [policy, escalation, withdraw_page, defect, proposal]
