"""An assistant's program, by the official client, and the server that it starts."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters

from peers.server import Server

pytestmark = [pytest.mark.peer, pytest.mark.sqlite_only]  # a client of the API, which is tested on both

_FILL = """
from watchroom.accounts.actors import acting
from watchroom.accounts.models import Person, Team
from watchroom.catalog.models import Service
from watchroom.incidents.commands import declare
by = acting(Person.objects.create_user("ada@example.org", "a long password", name="Ada", role=40))
team = Team.objects.create(name="Shop", slug="shop")
service = Service.objects.create(team=team, name="Checkout", slug="checkout")
declare(by, title="Checkout is slow", severity=2, team=team, services=[service])
"""


@pytest.fixture(scope="module")
def installation() -> Iterator[Server]:
    """One that is not started: the tools ask it within their own process, as the commands do."""
    server = Server()
    server.manage("shell", "-c", _FILL)
    yield server
    server.stop()


def with_client(installation: Server, talk: Callable[[Client], Awaitable[None]], *arguments: str) -> None:
    async def run() -> None:
        command = ["-m", "watchroom", "mcp", *arguments]
        env = {**installation.env, "DJANGO_SETTINGS_MODULE": "watchroom.settings"}
        async with Client(StdioServerParameters(command=sys.executable, args=command, env=env)) as client:
            await talk(client)

    asyncio.run(run())


async def asked(client: Client, tool: str, **arguments: Any) -> Any:
    answer = await client.call_tool(tool, arguments)
    [part] = answer.content
    return part.text if answer.is_error else json.loads(part.text)  # type: ignore[union-attr]


def test_it_only_reads_unless_it_is_let(installation: Server) -> None:
    async def talk(client: Client) -> None:
        assert "never an" in (client.instructions or "")
        tools = (await client.list_tools()).tools
        assert len(tools) > 15 and all(each.annotations and each.annotations.read_only_hint for each in tools)
        assert all(each.description for each in tools)

        [incident] = (await asked(client, "list_incidents", status="open"))["items"]
        assert incident["title"] == "Checkout is slow"
        whole = await asked(client, "get_incident", id=incident["id"])
        assert whole["incident"]["severity"] == 2 and whole["times"]
        assert (await asked(client, "catch_up", id=incident["id"]))["incident"] == incident["id"]
        assert (await asked(client, "list_services", words="check"))["items"][0]["slug"] == "checkout"
        assert (await asked(client, "offered_runbooks", kind="incident", id=incident["id"])) is not None
        assert (await asked(client, "list_runbooks"))["items"] == []
        assert "There is no runbook" in await asked(client, "get_runbook", slug="none")
        assert "sections" in await asked(client, "how_we_respond")
        assert (await asked(client, "what_is_lacking", team="shop"))["team"] == "shop"
        assert "There is no alert group 4711" in await asked(client, "get_alert", id=4711)
        assert "unable to parse" in await asked(client, "get_alert", id="the newest")

        prompts = (await client.list_prompts()).prompts
        assert {"join_incident", "stakeholder_update"} <= {each.name for each in prompts}
        said = await client.get_prompt("join_incident", {"id": "1"})
        assert "incident 1" in said.messages[0].content.text  # type: ignore[union-attr]

    with_client(installation, talk)


def test_what_it_writes_says_who_wrote_it_and_nothing_is_published(installation: Server) -> None:
    async def talk(client: Client) -> None:
        line = await asked(client, "write_log", incident=1, kind="hypothesis", text="The cache is cold.")
        assert line["text"] == "The cache is cold. (written by an assistant)" and line["author"]["name"] == "Ada"

        words = {"happening": "Checkout is slow.", "impact": "Some wait.", "doing": "We look."}
        assert (await asked(client, "draft_update", incident=1, **words))["happening"] == "Checkout is slow."
        assert "has begun a draft" in await asked(client, "draft_update", incident=1, **words)
        assert not (await asked(client, "get_incident", id=1))["updates"]["items"]

        reported = await asked(
            client, "declare_incident", title="Search is empty", severity=3, services=["checkout"], alerts=[]
        )
        waiting = (await asked(client, "list_incidents", status="triage"))["items"]
        assert [each["id"] for each in waiting] == [reported["id"]]

    with_client(installation, talk, "--act")


def test_why_it_can_not_begin_is_told_on_the_other_stream(installation: Server) -> None:
    refused = installation.cli("mcp", "--as", "nobody@example.org", check=False)
    assert refused.returncode == 1 and refused.stdout == ""
    assert "There is no active person" in refused.stderr
