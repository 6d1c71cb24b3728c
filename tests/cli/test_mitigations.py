"""The catalog, and what carries it out, from the shell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import factories as make
from cli.shell import data, run
from peers.http import HttpPeer
from peers.kubernetes import Cluster
from watchroom.cli.main import cli
from watchroom.mitigations.models import Mitigation, Runner

pytestmark = pytest.mark.django_db
CREATED = ("--kind", "webhook", "--team", "shop", "--setting", "url=https://deploy.example.org/hook")


@pytest.fixture(autouse=True)
def _team(configured: Callable[..., None], clock: Any) -> None:
    configured(WATCHROOM_PRIVATE_TARGETS="127.0.0.0/8")
    make.person("Anna", "administrator", email="anna@example.org")
    make.team("Shop", slug="shop")


def test_a_cluster_from_a_kubeconfig_to_a_mitigation(http_peer: HttpPeer, tmp_path: Path) -> None:
    Cluster(http_peer, token="tok-1")
    file = tmp_path / "prod.yaml"
    file.write_text(
        f"clusters: [{{name: a, cluster: {{server: '{http_peer.url}'}}}}]\n"
        "contexts: [{name: a, context: {cluster: a, user: a}}]\nusers: [{name: a, user: {token: tok-1}}]\n"
    )
    made = data(
        "runner", "create", "Production", "--kind", "kubernetes", "--team", "shop", "--file", f"kubeconfig={file}"
    )
    assert made["settings"] == {"url": http_peer.url} and Runner.objects.get().settings["token"] == "tok-1"
    assert "It is Kubernetes v1.35.1." in run("runner", "try", "production").output
    told = ("--runner", "production", "--input", "do=restart", "--input", "namespace=shop", "--input", "name=web")
    data("mitigation", "create", "Restart web", "--team", "shop", "--how", "By hand: kubectl.", *told)
    assert "The cluster would accept it." in run("mitigation", "dry-run", "restart-web").output
    assert run("runner", "delete", "production").exit_code == 1


def test_what_is_not_said_stays_as_it_is() -> None:
    asked = CliRunner().invoke(cli, ("runner", "create", "Deployer", *CREATED, "--secret", "secret"), input="x" * 16)
    assert asked.exit_code == 0 and "x" * 16 not in asked.output
    changed = data("runner", "change", "deployer", "--name", "Deploys", "--setting", "dry_runs=yes")
    assert (changed["name"], changed["settings"]["dry_runs"]) == ("Deploys", "yes")
    assert Runner.objects.get().settings["secret"] == "x" * 16
    data("mitigation", "create", "Roll back", "--team", "shop", "--how", "Press.", "--runner", "deployer",
         "--input", "inputs=version=4.17", "--needs-approval", "--risk", "high")  # fmt: skip
    now = data("mitigation", "change", "roll-back", "--undo", "Roll forward.")
    assert now == data("mitigation", "show", "roll-back")
    assert (now["risk"], now["undo"], now["needs_approval"], now["inputs"]) == (
        "high", "Roll forward.", True, {"inputs": "version=4.17"}
    )  # fmt: skip
    by_hand = data("mitigation", "change", "roll-back", "--runner", "", "--needs-no-approval")
    assert (by_hand["runner"], by_hand["inputs"], by_hand["needs_approval"]) == (None, {}, False)
    for what in (("mitigation", "delete", "roll-back"), ("runner", "delete", "deployer")):
        assert run(*what).exit_code == 0
    assert not Mitigation.objects.exists() and not Runner.objects.exists()


def test_what_is_wrong_is_named() -> None:
    wrong = run("mitigation", "create", "Restart", "--team", "shop", "--how", "x", "--runner", "none")
    assert wrong.exit_code == 1 and "There is no runner 'none'" in wrong.output
    wrong = run("runner", "create", "X", "--kind", "kubernetes", "--team", "shop")
    assert wrong.exit_code == 1 and "The API server is missing." in wrong.output
