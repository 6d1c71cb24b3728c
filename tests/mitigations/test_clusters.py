"""A cluster's runner is set up by pasting a kubeconfig."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import factories as make
from peers.http import HttpPeer
from peers.kubernetes import Cluster
from watchroom.mitigations.models import Runner

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
KUBECONFIG = """
clusters: [{{name: prod, cluster: {{server: "{url}"}}}}]
contexts: [{{name: ours, context: {{cluster: prod, user: watchroom}}}}]
users: [{{name: watchroom, user: {user}}}]
"""


def test_by_page(client: Any, configured: Callable[..., None], http_peer: HttpPeer) -> None:
    configured(WATCHROOM_PRIVATE_TARGETS="127.0.0.0/8")
    cluster, team = Cluster(http_peer, token="tok-of-watchroom"), make.team()
    client.force_login(make.person("Ada", "administrator"), backend=BACKEND)
    page, form = "/runners/new?kind=kubernetes", {"name": "Production", "team": team.pk}
    good = {"kubeconfig": KUBECONFIG.format(url=http_peer.url, user="{token: tok-of-watchroom}")}

    nothing = client.post(page, form)
    assert nothing.status_code == 422 and b"The API server is missing." in nothing.content
    program = KUBECONFIG.format(url=http_peer.url, user="{exec: {command: aws}}")
    refused = client.post(page, form | {"kubeconfig": program})
    assert refused.status_code == 422 and b"Its exec runs a program to sign in" in refused.content

    tried = client.post(page, form | good | {"do": "try"})
    assert b"It is Kubernetes v1.35.1." in tried.content
    assert client.post(page, form | good).status_code == 302
    row = Runner.objects.get()
    assert row.settings == {"url": http_peer.url, "token": "tok-of-watchroom"}  # and not the text itself
    assert b"tok-of-watchroom" not in client.get("/runners/production").content

    # The same address keeps its token; another kubeconfig brings its own.
    kept = form | {"url": http_peer.url, "namespaces": "shop"}
    assert client.post("/runners/production", kept).status_code == 302
    cluster.token = "another"
    renewed = {"kubeconfig": KUBECONFIG.format(url=http_peer.url, user="{token: another}")}
    assert client.post("/runners/production", kept | renewed).status_code == 302
    row.refresh_from_db()
    assert row.settings == {"url": http_peer.url, "token": "another", "namespaces": "shop"}
