"""`watchroom incident hand-off ...`: a role handed over in writing."""

from __future__ import annotations

from typing import Any

import click

from .client import Api, api_command


@click.command("hand-off")
@click.argument("id", type=int)
@click.argument("role")
@click.argument("email")
@click.option("--knows", help="What is known; left out: what the log says.")
@click.option("--open", "still_open", help="What is open; left out: what the log says.")
@click.option("--next", "following", help="What is next; left out: what the log says.")
@api_command
def hand_off(api: Api, id: int, role: str, email: str, **parts: str | None) -> Any:
    """Hand ROLE of incident ID over to EMAIL, who is paged."""
    holders = [each for each in api.get(f"/incidents/{id}")["roles"] if each["role"] == role]
    if not holders:
        raise click.ClickException(f"Nobody has the role {role} in incident {id}.")
    answer = api.post(f"/roles/{holders[0]['id']}/hand-off", to=email, **parts)
    return answer, f"Hand-off {answer['id']}: {email} is being paged to take over."


@click.command("take-over")
@click.argument("hand_off", type=int)
@click.option("--decline", is_flag=True, help="Say no.")
@click.option("--why", default="", help="Why not.")
@api_command
def take_over(api: Api, hand_off: int, decline: bool, why: str) -> Any:
    """Accept a hand-off of a role, or decline it."""
    if decline:
        return api.call("POST", f"/role-hand-offs/{hand_off}/decline", {"why": why}), "The role stays where it is."
    answer = api.call("POST", f"/role-hand-offs/{hand_off}/accept")
    return answer, f"You are the {answer['role']} of incident {answer['incident']}."


commands = [hand_off, take_over]
