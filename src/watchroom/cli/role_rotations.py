"""`watchroom role-rotation ...`, and who is needed in an incident."""

from __future__ import annotations

from typing import Any

import click

from .client import Api, api_command
from .show import table


@click.group("role-rotation")
def role_rotation() -> None:
    """Who is asked for a role by itself."""


@role_rotation.command("list")
@click.option("--cursor")
@api_command
def list_rotations(api: Api, **query: Any) -> Any:
    """List role rotations."""
    columns = ("slug", "role", "team", "service", "schedule", "person", "least_severity", "answer_minutes")
    return api.get("/role-rotations", **query), table(*columns, empty="No role rotations.")


@role_rotation.command("create")
@click.argument("role")
@click.option("--team", help="Slug: in incidents of this team. Without team and service: in all.")
@click.option("--service", help="Slug: in incidents about this service.")
@click.option("--schedule", help="Slug: whoever is on call in it.")
@click.option("--person", metavar="EMAIL")
@click.option("--least-severity", type=click.IntRange(1, 5), default=5, help="For SEV1 up to this one.")
@click.option("--answer-minutes", type=click.IntRange(1, 120), default=5, help="Until the next one is asked.")
@click.option("--slug")
@api_command
def create_rotation(api: Api, **fields: Any) -> Any:
    """Say who is asked for ROLE: commander, operations, communications, scribe or expert."""
    answer = api.post("/role-rotations", **fields)
    return answer, f"Made the role rotation {answer['slug']}."


@role_rotation.command("delete")
@click.argument("slug")
@api_command
def delete_rotation(api: Api, slug: str) -> Any:
    """Ask nobody by it any more."""
    return api.call("DELETE", f"/role-rotations/{slug}"), f"Deleted the role rotation {slug}."


@click.command()
@click.argument("id", type=int)
@api_command
def needed(api: Api, id: int) -> Any:
    """Who is needed in an incident, and who could be asked."""
    found = api.get(f"/incidents/{id}/needed")

    def show(answer: Any) -> None:
        rows = [
            {"role": each["role"], "needed": each["required"], "has it": row["person"]["name"], "could be asked": ""}
            for each in answer
            for row in each["holders"]
        ] + [
            {"role": each["role"], "needed": each["required"], "has it": "", "could be asked": f"{row['person']['name']} ({row['why']})"}
            for each in answer
            for row in each["candidates"] or ([{"person": {"name": "nobody"}, "why": "no rotation"}] * (not each["holders"]))
        ]  # fmt: skip
        table("role", "needed", "has it", "could be asked", empty="Nobody.")(rows)

    return found, show


@click.command()
@click.argument("id", type=int)
@api_command
def assemble(api: Api, id: int) -> Any:
    """Page everybody who is needed in an incident and not there yet."""
    answer = api.call("POST", f"/incidents/{id}/assemble")
    names = ", ".join(f"{each['person']['name']} ({each['role']})" for each in answer)
    return answer, f"Being paged: {names}." if names else "Nobody more is on call for what is needed."


incident_commands = [needed, assemble]
commands = [role_rotation]
