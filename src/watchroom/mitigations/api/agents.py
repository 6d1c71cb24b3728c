"""What agents ask and tell. They sign in with their runner's key, and see nothing else of Watchroom."""

from __future__ import annotations

from typing import Literal

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status
from pydantic import ConfigDict

from ...live.tokens import token
from ...runners.base import OUTPUT_LIMIT, Progress
from ..commands import agents
from ..models import Runner

router = Router(tags=["Agents"])


def agent_key(request: HttpRequest) -> Runner | None:
    """The runner whose agent asks."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    slug = str(request.resolver_match.kwargs.get("slug", "")) if request.resolver_match else ""
    return agents.runner_of(slug, key.strip()) if scheme.lower() == "bearer" and key.strip() else None


class FetchIn(Schema):
    """Who asks. An agent may be of a later release than we are, and say more."""

    model_config = ConfigDict(extra="ignore")

    version: str = Field("", max_length=40)
    commands: list[str] = Field([], max_length=agents.MOST_COMMANDS, description="The names that its file allows.")


class OrderOut(Schema):
    """What is to be done. It is handed out this once."""

    id: int
    token: str = Field(description="Say it again with what came of it.")
    command: str
    parameters: dict[str, str]
    title: str
    incident: int
    seconds: int = Field(description="After it, whatever comes of it counts as unknown here.")


class FetchedOut(Schema):
    order: OrderOut | None
    live: str = Field(description="Server-sent events that say when to ask again, relative to Watchroom's address.")


class ToldIn(Schema):
    """What came of it, or how far it is."""

    model_config = ConfigDict(extra="ignore")

    token: str = Field(max_length=64)
    state: Literal["running", "succeeded", "failed", "unknown"]
    output: str = Field("", max_length=OUTPUT_LIMIT * 2)


@router.post("/agents/{slug}/fetch", response=FetchedOut, auth=agent_key, summary="Ask for an order")
def fetch_order(request: HttpRequest, slug: str, body: FetchIn) -> FetchedOut:
    """Signed in by the runner's key. What is handed out once is never handed out again."""
    runner: Runner = request.auth  # type: ignore[attr-defined]
    agents.seen(runner, body.version, body.commands)
    order = agents.hand_out(runner)
    return FetchedOut(
        order=OrderOut(**order._asdict()) if order else None,
        live=f"/live?token={token(0, [f'runner:{runner.pk}'])}",
    )


@router.post("/agents/{slug}/orders/{int:id}", response={204: None}, auth=agent_key, summary="Say what came of it")
def tell_order(request: HttpRequest, slug: str, id: int, body: ToldIn) -> Status[None]:
    """404 where the token is another one, 409 once it has ended: then nothing changes any more."""
    runner: Runner = request.auth  # type: ignore[attr-defined]
    agents.told(runner, id, body.token, Progress(body.state, body.output))
    return Status(204, None)
