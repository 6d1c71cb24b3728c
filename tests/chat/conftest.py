"""Connected chats, each with a server that speaks its language, and somebody who is reached there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from peers.http import Answer, HttpPeer

if TYPE_CHECKING:
    from chat.payments import Payments


@pytest.fixture(autouse=True)
def our_address(configured: Callable[..., None]) -> None:
    configured(WATCHROOM_PRIVATE_TARGETS="127.0.0.1/32", WATCHROOM_URL="https://watchroom.example.org")


@pytest.fixture
def connect(http_peer: HttpPeer, db: None) -> Callable[[str], tuple[Any, Any]]:
    """``connect("slack")``: the server and the workspace."""
    from chat.pressing import PEERS, SIGNING_SECRET, TOKENS
    from factories import actor
    from watchroom.workspaces.commands import save_workspace

    def make(kind: str) -> tuple[Any, Any]:
        server = PEERS[kind](http_peer, TOKENS[kind])
        settings = {"token": TOKENS[kind], "url": http_peer.url}
        if kind == "slack":
            settings["signing_secret"] = SIGNING_SECRET
        if kind == "mattermost":
            settings |= {"team": "acme", "command_token": "token-of-the-command"}
        made = save_workspace(actor(), None, team=None, kind=kind, name=kind.capitalize(), settings=settings)
        return server, made

    return make


@pytest.fixture
def reached() -> Callable[..., Any]:
    """``reached(workspace)``: Kim, a responder, whose user in this workspace is confirmed."""
    from chat.pressing import USERS
    from factories import contact_method, person
    from watchroom.channels.chat import handle_of
    from watchroom.kernel import clock

    def make(workspace: Any, *, user: str = "", verified: bool = True, **options: Any) -> Any:
        user = user or USERS[workspace.kind]
        return contact_method(
            options.pop("person", None) or person("Kim", "responder"),
            workspace.kind,
            {"workspace": workspace.pk, "user": user, "shown": user},
            handle=handle_of(workspace.kind, workspace.pk, user),
            verified_at=clock.now() if verified else None,
        )

    return make


@pytest.fixture
def deployer() -> Iterator[HttpPeer]:
    """The program of one's own that carries things out."""
    peer = HttpPeer().start()
    peer.otherwise = Answer(200, {"output": "4.17 is live"})
    yield peer
    peer.stop()


@pytest.fixture
def rollback(deployer: HttpPeer, db: None, clock: Any) -> Any:
    """A mitigation of the team Shop that the deployer carries out."""
    import factories as make
    from chat.proposing import saved
    from watchroom.mitigations.commands import save_runner

    settings = {"url": deployer.url, "secret": make.SECRET}
    team = make.team("Shop")
    return saved(
        None, save_runner(make.actor(), None, team=team, kind="webhook", name="Deployer", settings=settings), team
    )


@pytest.fixture
def pay(connect: Callable[[str], Any], reached: Callable[..., Any], clock: Any) -> Payments:
    from chat.payments import Payments

    return Payments(connect, reached)


@pytest.fixture
def both(pay: Payments) -> Payments:
    """Ben has confirmed his account, too, and the group is named."""
    pay.link(pay.ben, "U0BEN00")
    pay.name()
    return pay
