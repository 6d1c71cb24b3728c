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


@click.command("accept-role")
@click.argument("id", type=int)
@api_command
def accept_role(api: Api, id: int) -> Any:
    """You do it: the role for which you are asked in incident ID."""
    answer = api.post(f"/incidents/{id}/say", text="/accept")
    return answer, answer["text"]


@click.command("decline-role")
@click.argument("id", type=int)
@click.option("--why", default="", help="Why not.")
@api_command
def decline_role(api: Api, id: int, why: str) -> Any:
    """You can't: the next one is asked for the role for which you are asked in incident ID."""
    answer = api.post(f"/incidents/{id}/say", text=f"/decline {why}")
    return answer, answer["text"]


@click.command("end-role")
@click.argument("id", type=int)
@click.argument("role")
@click.option("--of", default="", help="Name of the person, where several have the role.")
@api_command
def end_role(api: Api, id: int, role: str, of: str) -> Any:
    """Relieve whoever has ROLE in incident ID, without a successor."""
    rows = [each for each in api.get(f"/incidents/{id}")["roles"] if each["role"] == role]
    rows = [each for each in rows if of in {"", each["person"]["name"]}]
    if len(rows) != 1:
        text = f"Nobody has the role {role} in incident {id}." if not rows else "Several have it; say --of NAME."
        raise click.ClickException(text)
    return api.call("DELETE", f"/roles/{rows[0]['id']}"), f"{rows[0]['person']['name']} is no longer {role}."


commands = [hand_off, take_over, accept_role, decline_role, end_role]
