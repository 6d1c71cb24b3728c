"""Connected chats: by page, API, command line and file; whose they are, and that secrets stay secret."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

import factories as make
from chat.pressing import SIGNING_SECRET, TOKENS, text_of
from peers import chats
from peers.http import HttpPeer
from watchroom.accounts.actors import acting
from watchroom.cli.main import cli
from watchroom.engine.loop import run_due
from watchroom.kernel.errors import Conflict, NotAllowed, Refused
from watchroom.paging.models import ContactMethod, EscalationPolicy, Notification
from watchroom.workspaces.commands import save_workspace
from watchroom.workspaces.models import Workspace

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
pytestmark = pytest.mark.django_db
SLACK = {"token": TOKENS["slack"], "signing_secret": SIGNING_SECRET}


def fields_at(peer: HttpPeer, **other: str) -> dict[str, str]:
    return {"name": "Acme", "team": "", **SLACK, "url": peer.url, **other}


def test_from_the_first_page_to_the_first_message(client: Any, http_peer: HttpPeer) -> None:
    """An administrator connects Slack; somebody else adds themselves and gets a test page there."""
    server = chats.Slack(http_peer, TOKENS["slack"])
    client.force_login(make.person("Ada", "administrator"), backend=BACKEND)
    assert "Connect Slack" in client.get("/workspaces").content.decode()
    assert "Mattermost" in client.get("/workspaces/new").content.decode()
    form = client.get("/workspaces/new?kind=slack").content.decode()
    assert "Signing secret" in form
    path = "/workspaces/new?kind=slack"
    assert client.post(path, fields_at(http_peer, token="nonsense")).status_code == 422
    answer = client.post(path, fields_at(http_peer), follow=True).content.decode()
    assert "Slack knows us as watchroom in Acme." in answer
    assert "https://watchroom.example.org/chat/acme" in answer
    assert not any(secret in answer for secret in SLACK.values())
    row = Workspace.objects.get()
    assert (row.account, row.error, row.team) == ("U0BOT00", "", None) and row.tried_at is not None
    kim = make.person("Kim", "responder")
    client.force_login(kim, backend=BACKEND)
    listed = client.get("/workspaces").content.decode()
    assert "Acme" in listed and "/workspaces/acme" not in listed
    client.post("/me/contact/add", {"channel": "slack", "user": "kim@example.org"})
    method = ContactMethod.objects.get(person=kim)
    assert method.settings == {"workspace": row.pk, "user": "U0KIM00", "shown": "kim@example.org"}
    assert method.handle == f"slack:{row.pk}:U0KIM00"
    client.post(f"/me/contact/{method.pk}/test")
    run_due()
    assert Notification.objects.get().state == Notification.State.SENT
    assert "Test page" in text_of(server.only()[1])


def test_mattermost_by_page_and_whose_it_is_is_not_its_own_team(client: Any, http_peer: HttpPeer) -> None:
    """A Mattermost has teams of its own: both are asked for."""
    chats.Mattermost(http_peer, TOKENS["mattermost"])
    client.force_login(make.person("Ada", "administrator"), backend=BACKEND)
    path, shop = "/workspaces/new?kind=mattermost", make.team("Shop")
    form = client.get(path).content.decode()
    assert "Whose is it?" in form and 'name="its-team"' in form and 'value="Mattermost"' in form
    given = {"name": "Chat", "team": "", "url": http_peer.url, "token": TOKENS["mattermost"], "its-team": "acme"}
    wrong = client.post(path, {**given, "its-team": "Not A Name"})
    assert wrong.status_code == 422
    assert wrong.context["form"].errors.keys() == {"its-team"}
    assert "Mattermost knows us as @watchroom." in client.post(path, given, follow=True).content.decode()
    row = Workspace.objects.get()
    assert (row.settings["team"], row.team) == ("acme", None)
    shown = client.get("/workspaces/chat").context["form"]
    assert (shown["its-team"].value(), shown["team"].value()) == ("acme", None)
    client.post("/workspaces/chat", {**given, "team": shop.pk, "token": ""})
    row.refresh_from_db()
    assert (row.settings["team"], row.team, row.settings["token"]) == ("acme", shop, TOKENS["mattermost"])


def test_an_address_to_which_no_chat_sends_anything_says_so(client: Any, configured: Callable[..., None]) -> None:
    """Slack and Telegram send only to https: without it buttons would be there, and do nothing."""
    for url, warned in (("https://w.example", False), ("http://w.example", True)):
        configured(WATCHROOM_URL=url)
        client.force_login(make.person(url, "administrator"), backend=BACKEND)
        row = save_workspace(make.actor(), None, team=None, kind="slack", name=f"Acme {warned}", settings=SLACK)
        page = client.get(f"/workspaces/{row.slug}", secure=not warned).content.decode()
        assert f"{url}/chat/" in page and ("It has no https" in page) is warned


def test_a_secret_stays_while_the_address_does(http_peer: HttpPeer) -> None:
    by = make.actor()
    row = save_workspace(by, None, team=None, kind="slack", name="Acme", settings={**SLACK, "url": http_peer.url})
    again = save_workspace(by, row, team=None, kind="slack", name="Acme", settings={"url": http_peer.url})
    assert again.settings["token"] == SLACK["token"] and again.error == ""
    back = save_workspace(by, row, team=None, kind="slack", name="Acme", settings={"url": ""})
    assert back.settings == {"url": "https://slack.com/api", "token": "", "signing_secret": ""}
    save_workspace(by, row, team=None, kind="slack", name="Acme", settings=SLACK)
    assert save_workspace(by, row, team=None, kind="slack", name="Acme", settings={}).settings["token"]
    moved = save_workspace(by, row, team=None, kind="slack", name="Acme", settings={"url": "https://evil.example.org"})
    assert moved.settings["token"] == "" and "Bot token" in moved.error
    teams = save_workspace(by, None, team=None, kind="teams", name="T", settings={"url": "https://a.example.org/x"})
    assert save_workspace(by, teams, team=None, kind="teams", name="T2", settings={}).settings == teams.settings
    with pytest.raises(Conflict):
        save_workspace(by, None, team=None, kind="slack", name="Acme", settings=SLACK)
    for wrong in ({"name": " "}, {"slug": "Not A Slug"}, {"kind": "irc"}):
        with pytest.raises(Refused):
            save_workspace(by, None, **{"team": None, "kind": "slack", "name": "X", "settings": SLACK, **wrong})  # type: ignore[arg-type]
    with pytest.raises(Refused, match="can't be changed"):
        save_workspace(by, row, team=None, kind="teams", name="X", settings={})


def test_everybodys_is_the_administrators_and_a_teams_its_managers(client: Any) -> None:
    team, other = make.team(), make.team()
    manager = make.person("Max", "viewer")
    make.membership(team, manager, "manager")
    by = acting(manager)
    with pytest.raises(NotAllowed):
        save_workspace(by, None, team=None, kind="slack", name="All", settings=SLACK)
    with pytest.raises(NotAllowed):
        save_workspace(by, None, team=other, kind="slack", name="Other", settings=SLACK)
    own = save_workspace(by, None, team=team, kind="slack", name="Own", settings=SLACK)
    with pytest.raises(NotAllowed):
        save_workspace(by, own, team=None, kind="slack", name="Own", settings=SLACK)
    others = save_workspace(make.actor(), None, team=other, kind="slack", name="Other", settings=SLACK)
    everybodys = save_workspace(make.actor(), None, team=None, kind="slack", name="All", settings=SLACK)
    client.force_login(manager, backend=BACKEND)
    for row, status in ((own, 200), (others, 403), (everybodys, 403)):
        assert client.get(f"/workspaces/{row.slug}").status_code == status
        if status == 403:
            assert client.post(f"/workspaces/{row.slug}/delete").status_code == status
            assert client.post(f"/api/v1/workspaces/{row.slug}/try", headers=JSON).status_code == status
            assert client.delete(f"/api/v1/workspaces/{row.slug}", headers=JSON).status_code == status
    assert client.get("/workspaces/nowhere").status_code == 404
    assert client.post("/workspaces/own/delete").status_code == 302
    assert not Workspace.objects.filter(pk=own.pk).exists()


JSON = {"Accept": "application/json"}


def test_by_api_without_secrets(client: Any, http_peer: HttpPeer) -> None:
    chats.Mattermost(http_peer, TOKENS["mattermost"])
    client.force_login(make.person("Ada", "administrator"), backend=BACKEND)
    body = {"name": "Chat", "kind": "mattermost", "settings": {"url": http_peer.url, "token": TOKENS["mattermost"]}}
    made = client.post("/api/v1/workspaces", json.dumps(body), content_type="application/json")
    assert made.status_code == 201
    assert made.json()["secrets_set"] == ["token"] and TOKENS["mattermost"] not in made.content.decode()
    assert made.json()["hook_url"] == "https://watchroom.example.org/chat/chat"
    tried = client.post("/api/v1/workspaces/chat/try").json()
    assert tried == {"ok": True, "text": "Mattermost knows us as @watchroom."}
    changed = {**body, "settings": {"url": http_peer.url, "team": "nowhere"}}
    client.put("/api/v1/workspaces/chat", json.dumps(changed), content_type="application/json")
    assert client.post("/api/v1/workspaces/chat/try").json()["ok"] is False
    assert "404" in client.get("/api/v1/workspaces").json()["items"][0]["error"]
    assert client.delete("/api/v1/workspaces/chat").status_code == 204


def test_by_file_and_command_line(http_peer: HttpPeer, tmp_path: Any) -> None:
    chats.Slack(http_peer, TOKENS["slack"])
    make.person("Ada", "administrator")

    def run(*arguments: str, input: str | None = None) -> Any:
        return CliRunner().invoke(cli, arguments, input=input)

    file = tmp_path / "config.yaml"
    said: dict[str, Any] = {
        "version": 1,
        "teams": [{"slug": "shop", "name": "Shop"}],
        "workspaces": [{"slug": "acme", "name": "Acme", "kind": "slack", "settings": {"url": http_peer.url}}],
        "policies": [
            {
                "slug": "shop",
                "name": "Shop",
                "team": "shop",
                "steps": [{"targets": [{"chat": "acme", "room": "#alerts"}]}],
            }
        ],
    }
    file.write_text(yaml.safe_dump(said))
    applied = run("apply", "-f", str(file))
    assert applied.exit_code == 0, applied.output
    assert "Bot token" in Workspace.objects.get().error
    tried = run("workspace", "try", "acme")
    assert tried.exit_code == 1 and tried.output.startswith("Not set yet: Bot token"), tried.output
    for name, value in SLACK.items():
        done = run("workspace", "secret", "acme", name, "--value", value)
        assert done.exit_code == 0, done.output
        assert value not in done.output
    assert "Slack knows us" in run("workspace", "try", "acme").output
    assert "acme" in run("workspaces").output
    assert run("apply", "-f", str(file), "--dry-run", "--json").output.count('"create"') == 0
    exported = run("export").output
    assert not any(secret in exported for secret in SLACK.values())
    again = yaml.safe_load(exported)
    assert again["workspaces"][0]["settings"] == {"url": http_peer.url}
    assert again["policies"][0]["steps"][0]["targets"][0]["room"] == "#alerts"
    target = EscalationPolicy.objects.get().steps.get().targets.get()
    assert (target.workspace, target.room) == (Workspace.objects.get(), "#alerts")
    said["workspaces"][0]["settings"]["token"] = "xoxb-in-a-file"
    file.write_text(yaml.safe_dump(said))
    refused = run("apply", "-f", str(file))
    assert refused.exit_code == 1 and "watchroom workspace secret acme token" in refused.output
    made = run("workspace", "create", "Bot", "--kind", "telegram", "--secret", "token", input="1234:secret-of-bot\n")
    assert made.exit_code == 0 and "secret-of-bot" not in made.output and "Warning" not in made.output
    piped = run("workspace", "secret", "bot", "token", input="1234:another-secret\n")
    assert piped.exit_code == 0 and "another-secret" not in piped.output and "Warning" not in piped.output
    nothing = run("workspace", "secret", "bot", "token", input="")
    assert nothing.exit_code == 2 and "standard input" in nothing.output
    assert run("workspace", "delete", "acme").exit_code == 1  # a policy posts there
    assert run("workspace", "delete", "bot").exit_code == 0


def test_a_room_is_chosen_in_the_form_of_a_policy(client: Any) -> None:
    save_workspace(make.actor(), None, team=None, kind="slack", name="Acme", settings=SLACK)
    team = make.team()
    client.force_login(make.person("Ada", "administrator"), backend=BACKEND)
    fields = {"name": "P", "team": team.slug, "rows": "1", "minutes-0": "5", "chat-0": "acme #alerts\r\nacme C0123ABCD"}
    assert client.post("/policies/new", fields).status_code == 302
    row = EscalationPolicy.objects.get()
    assert [each.room for each in row.steps.get().targets.all()] == ["#alerts", "C0123ABCD"]
    assert "post in #alerts of Acme" in client.get(f"/policies/{row.slug}").content.decode()
    assert "acme #alerts\nacme C0123ABCD" in client.get(f"/policies/{row.slug}/edit").content.decode()
    wrong = client.post("/policies/new", fields | {"name": "Q", "chat-0": "nowhere #x"})
    assert wrong.status_code == 422 and "no such chat workspace" in wrong.content.decode()


def test_the_list_takes_the_same_number_of_queries_however_long(
    client: Any, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    for number in range(30):
        save_workspace(make.actor(), None, team=make.team(), kind="slack", name=f"W{number}", settings=SLACK)
    client.force_login(make.person("Ada", "administrator"), backend=BACKEND)
    client.get("/workspaces")
    with django_assert_max_num_queries(10):
        assert "W29" in client.get("/workspaces").content.decode()
    with django_assert_max_num_queries(10):
        assert len(client.get("/api/v1/workspaces").json()["items"]) == 30
