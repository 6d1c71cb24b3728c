"""What a product does when somebody presses a button or writes: the request that comes to us, as it documents it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from django.test import Client
from slack_sdk.signature import SignatureVerifier

from peers import chats
from watchroom.engine.loop import run_due
from watchroom.kernel import clock
from watchroom.workspaces.models import Workspace

TOKENS = {
    "slack": "xoxb-1-right",
    "mattermost": "right-token-of-bot",
    "matrix": "syt_right_token",
    "telegram": "123456:right-token",
}
PEERS: dict[str, type[chats.Chat]] = {
    "slack": chats.Slack,
    "mattermost": chats.Mattermost,
    "matrix": chats.Matrix,
    "telegram": chats.Telegram,
}
USERS = {"slack": "U0KIM00", "mattermost": chats.Mattermost.KIM, "matrix": "@kim:example.org", "telegram": "4711"}
STRANGERS = {"slack": "U0EVE00", "mattermost": "e" * 26, "matrix": "@eve:example.org", "telegram": "666"}
REACTIONS = {"ack": "✅", "escalate": "⏫", "snooze": "💤", "resolve": "🏁", "approve": "▶️", "decline": "🚫"}
SIGNING_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"


def slack(slug: str, form: dict[str, str], *, secret: str = SIGNING_SECRET, at: float | None = None) -> Any:
    """A request signed by Slack's own library."""
    stamp = str(int(clock.now().timestamp() if at is None else at))
    body = urlencode(form)
    signature = SignatureVerifier(secret).generate_signature(timestamp=stamp, body=body)
    return Client().post(
        f"/chat/{slug}",
        body,
        content_type="application/x-www-form-urlencoded",
        headers={"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": str(signature)},
    )


def pressed_in_slack(user: str, place: str, ts: str, key: str, value: str, response_url: str) -> dict[str, str]:
    payload = {
        "type": "block_actions",
        "user": {"id": user, "username": "kim", "team_id": "T1"},
        "container": {"type": "message", "message_ts": ts, "channel_id": place},
        "response_url": response_url,
        "actions": [{"type": "button", "action_id": key, "block_id": "b", "value": value, "action_ts": "1"}],
    }
    return {"payload": json.dumps(payload)}


def press(server: chats.Chat, workspace: Workspace, user: str, key: str) -> Any:
    """``user`` presses the button ``key`` of the newest message. What we answered, if the product asked."""
    (place, number), content = list(server.messages.items())[-1]
    if isinstance(server, chats.Slack):
        elements = [each for block in content["blocks"] if block["type"] == "actions" for each in block["elements"]]
        value = next(each["value"] for each in elements if each["action_id"] == key)
        url = f"{server.peer.url}/respond"
        return slack(workspace.slug, pressed_in_slack(user, place, number, key, value, url))
    if isinstance(server, chats.Mattermost):
        actions = [each for attachment in content["props"]["attachments"] for each in attachment["actions"]]
        integration = next(each["integration"] for each in actions if each["integration"]["context"]["press"] == key)
        body = {"user_id": user, "channel_id": place, "post_id": number, "context": integration["context"]}
        path = integration["url"].removeprefix("https://watchroom.example.org")
        return Client().post(path, json.dumps(body), content_type="application/json")
    if isinstance(server, chats.Telegram):
        rows = content["reply_markup"]["inline_keyboard"]
        data = next(
            each["callback_data"] for row in rows for each in row if each["callback_data"].startswith(f"{key}:")
        )
        message = {"message_id": int(number), "chat": {"id": int(place), "type": "private"}}
        update = {"callback_query": {"id": "q1", "from": {"id": int(user)}, "message": message, "data": data}}
        return telegram(workspace, update)
    assert isinstance(server, chats.Matrix)
    server.react(user, place, number, REACTIONS[key])
    listen(workspace)
    return None


def telegram(workspace: Workspace, update: dict[str, Any], *, key: str = "") -> Any:
    headers = {"X-Telegram-Bot-Api-Secret-Token": key or str(workspace.hook_key)}
    body = json.dumps({"update_id": 1, **update})
    return Client().post(f"/chat/{workspace.slug}", body, content_type="application/json", headers=headers)


def listen(workspace: Workspace) -> None:
    """Have the engine ask a server for what was done there."""
    Workspace.objects.filter(pk=workspace.pk).update(due_at=clock.now())
    run_due()


def text_of(content: dict[str, Any]) -> str:
    """All that a message says, whatever the product."""
    return json.dumps(content, ensure_ascii=False)
