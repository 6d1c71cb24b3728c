"""Kubernetes through the official client, against a peer that patches as the API server does."""

from __future__ import annotations

import base64
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from channels.certificates import certificate_for
from peers.http import Answer, HttpPeer
from peers.kubernetes import Cluster, template
from watchroom.kernel import http
from watchroom.kernel.errors import Refused
from watchroom.kernel.plugins import all_of
from watchroom.runners import base
from watchroom.runners.base import Order, Progress, RunFailed

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KUBERNETES = all_of("watchroom.runners")["kubernetes"]


@pytest.fixture(autouse=True)
def _loopback(configured: Callable[..., None]) -> Iterator[None]:
    configured(WATCHROOM_PRIVATE_TARGETS="127.0.0.0/8")
    yield


@pytest.fixture
def cluster(http_peer: HttpPeer) -> Cluster:
    return Cluster(http_peer)


def settings(cluster: Cluster, **more: str) -> dict[str, Any]:
    said = {"url": cluster.peer.url, "token": "t", "namespaces": "shop, other", **more}
    return dict(KUBERNETES.check({name: value for name, value in said.items() if value}))


def order(key: str = "key-1", dry_run: bool = False, **inputs: str) -> Order:
    cleaned = KUBERNETES.check_inputs({"namespace": "shop", "name": "web", **inputs})
    return Order(key=key, inputs=cleaned, at=AT, incident=7, dry_run=dry_run)


def start(cluster: Cluster, **said: Any) -> Progress:
    return KUBERNETES.start(settings(cluster), order(**said))


def poll(cluster: Cluster) -> Progress:
    return KUBERNETES.poll(settings(cluster), order(do="restart"), {})


def test_a_restart_is_followed_until_the_pods_are_new(cluster: Cluster) -> None:
    assert start(cluster, do="restart").state == "running"
    stamp = cluster.patches()[0].json()["spec"]["template"]["metadata"]["annotations"]
    assert stamp == {"kubectl.kubernetes.io/restartedAt": "2026-03-02T09:00:00Z"}
    assert poll(cluster).text == "The cluster has not taken it up yet."
    status = cluster.object["status"]
    status |= {"observedGeneration": 4, "updatedReplicas": 1, "replicas": 3}
    assert poll(cluster).text == "1 of 2 pods are up to date, 2 are available."
    status |= {"updatedReplicas": 2, "replicas": 2}
    assert poll(cluster).state == "succeeded"
    status["conditions"] = [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]
    assert poll(cluster).state == "failed"


def test_the_same_order_twice_changes_the_cluster_once(cluster: Cluster) -> None:
    assert KUBERNETES.is_idempotent(settings(cluster))
    for do in ({"do": "undo"}, {"do": "scale", "replicas": "5"}, {"do": "restart"}):
        before = len(cluster.patches())
        start(cluster, key=f"key-{do['do']}", **do)
        start(cluster, key=f"key-{do['do']}", **do)
        assert len(cluster.patches()) == before + 1
    assert cluster.object["spec"]["replicas"] == 5
    assert cluster.object["spec"]["template"]["spec"] == template("web:2")["spec"]


def test_it_scales_through_the_scale_alone(cluster: Cluster) -> None:
    assert start(cluster, do="scale", replicas="5").text == "From 2 to 5 replicas."
    (sent,) = cluster.patches()
    assert sent.path == "/apis/apps/v1/namespaces/shop/deployments/web/scale?fieldManager=watchroom"
    assert sent.json() == {"spec": {"replicas": 5}}


def test_a_roll_back_takes_the_template_of_the_revision_before_as_the_cluster_sent_it(cluster: Cluster) -> None:
    assert start(cluster, do="undo").text == "From revision 3 to revision 2."
    assert cluster.object["spec"]["template"] == template("web:2")  # with what no client of today knows
    assert cluster.object["metadata"]["annotations"]["team"] == "shop"
    with pytest.raises(RunFailed, match="no revision 9"):
        start(cluster, key="other", do="undo", revision="9")


def test_what_is_paused_is_left_alone(cluster: Cluster) -> None:
    cluster.object["spec"]["paused"] = True
    for do in ("undo", "restart"):
        with pytest.raises(RunFailed, match="paused"):
            start(cluster, do=do)
    assert not cluster.patches()


def test_a_dry_run_changes_nothing(cluster: Cluster) -> None:
    before = dict(cluster.object)
    for do in ({"do": "undo"}, {"do": "scale", "replicas": "5"}, {"do": "restart"}):
        came = start(cluster, dry_run=True, **do)
        assert came.state == "succeeded" and came.text.startswith("The cluster would accept it. ")
    assert cluster.object == before
    assert [each.path.partition("?")[2] for each in cluster.patches()] == ["dryRun=All&fieldManager=watchroom"] * 3


@pytest.mark.parametrize(
    ("kind", "called", "status"),
    [
        ("statefulset", "statefulsets", {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}),
        ("daemonset", "daemonsets", {"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2}),
    ],
)
def test_other_workloads_are_restarted_too(http_peer: HttpPeer, kind: str, called: str, status: Any) -> None:
    found = {
        "metadata": {"generation": 1},
        "spec": {"replicas": 2, "selector": {}, "template": template("web:1")},
        "status": {"observedGeneration": 1, "currentNumberScheduled": 2, "numberMisscheduled": 0, "numberReady": 2, **status},
    }  # fmt: skip
    http_peer.otherwise = Answer(body=found)
    cluster = Cluster(HttpPeer())
    cluster.peer = http_peer
    what = order(kind=kind, do="restart")
    assert KUBERNETES.start(settings(cluster), what).state == "running"
    assert KUBERNETES.poll(settings(cluster), what, {}).state == "succeeded"
    assert {each.path.partition("?")[0] for each in http_peer.requests} == {
        f"/apis/apps/v1/namespaces/shop/{called}/web"
    }


@pytest.mark.parametrize(
    ("answer", "said", "sure"),
    [
        (Answer(401, {"message": "Unauthorized"}), "refused our credentials (401): Unauthorized", True),
        (Answer(403, {"message": "web is forbidden"}), "refused our credentials (403): web is forbidden", True),
        (Answer(404, {"message": "web not found"}), "It answered 404: web not found", True),
        (Answer(409, {"message": "has been modified"}), "It answered 409: has been modified", True),
        (Answer(422, {"message": "is invalid"}), "It answered 422: is invalid", True),
        (Answer(503, {"message": "etcd"}), "It answered 503: etcd", False),
        (Answer(302, headers={"Location": "http://169.254.169.254/"}), "It sent us elsewhere (302)", True),
        (Answer(hang_up=True), "could not be reached", False),
        (Answer(200, "<html>Sign in</html>"), "not what such a server sends", False),
    ],
)
def test_what_a_cluster_refuses_is_said(cluster: Cluster, answer: Answer, said: str, sure: bool) -> None:
    """Only where nobody knows whether a change was done it is not sure; a question has never done anything."""
    good = cluster.answer
    for method in ("PATCH", "GET"):
        cluster.peer.otherwise = lambda request, method=method: answer if request.method == method else good(request)
        with pytest.raises(RunFailed) as failed:
            start(cluster, do="restart")
        assert said in str(failed.value) and failed.value.sure is (sure or method == "GET")


def test_a_cluster_that_says_nothing_is_given_up(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "TIMEOUT_SECONDS", 0.2)
    never = threading.Event()
    cluster.peer.otherwise = Answer(wait_for=never)
    try:
        with pytest.raises(RunFailed, match="did not answer within") as failed:
            start(cluster, do="restart")
        assert failed.value.sure
    finally:
        never.set()


def test_an_address_that_is_not_permitted_is_never_asked(cluster: Cluster, configured: Callable[..., None]) -> None:
    """Neither by the client nor by a proxy or a kubeconfig of this machine."""
    known = settings(cluster)
    configured(WATCHROOM_PRIVATE_TARGETS="")
    for ask in (lambda: KUBERNETES.start(known, order(do="restart")), lambda: KUBERNETES.try_it(known)):
        with pytest.raises(Refused, match="not an address on the public internet"):
            ask()
    assert not cluster.peer.requests


def test_no_proxy_of_the_environment_is_used(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert KUBERNETES.try_it(settings(cluster)) == "It is Kubernetes v1.35.1."


def test_a_runner_may_not_touch_other_namespaces(cluster: Cluster) -> None:
    with pytest.raises(RunFailed, match="namespace kube-system"):
        start(cluster, do="restart", namespace="kube-system")
    assert not cluster.peer.requests


@pytest.mark.parametrize(
    "wrong",
    [
        {"do": "scale"},
        {"do": "explode"},
        {"do": "undo", "kind": "statefulset"},
        {"name": "../secrets"},
        {"do": "scale", "kind": "daemonset", "replicas": "1"},
        {"do": "scale", "replicas": "-1"},
    ],
)
def test_inputs_are_checked(wrong: dict[str, str]) -> None:
    with pytest.raises(Refused):
        order(**wrong)


def test_the_client_is_only_loaded_where_a_cluster_is_asked() -> None:
    code = (
        "import sys; from watchroom.kernel.plugins import all_of; r = all_of('watchroom.runners')['kubernetes'];"
        "r.check({'url': 'https://k.example.org', 'token': 't'}); r.check_inputs({'name': 'web'});"
        "assert 'kubernetes' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# How it is set up


@pytest.fixture
def tls(tmp_path: Path) -> Iterator[tuple[Cluster, str, str]]:
    """A cluster that lets in only whoever shows a certificate, with its CA, and a certificate that it knows."""
    served, known = certificate_for("127.0.0.1", tmp_path), certificate_for("watchroom", tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(served)
    context.load_verify_locations(known)
    context.verify_mode = ssl.CERT_REQUIRED
    peer = HttpPeer(context).start()
    ca = served.read_text()
    yield Cluster(peer, token=""), ca[ca.index("-----BEGIN CERTIFICATE") :], known.read_text()
    peer.stop()
    http._tls.cache_clear()


def kubeconfig(cluster: str, user: str) -> str:
    return f"""apiVersion: v1
kind: Config
current-context: ours
contexts:
- name: ours
  context: {{cluster: prod, user: watchroom, namespace: shop}}
clusters:
- name: prod
  cluster: {cluster}
users:
- name: watchroom
  user: {user}
"""


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_a_client_certificate_signs_in(tls: tuple[Cluster, str, str]) -> None:
    cluster, ca, identity = tls
    known = settings(cluster, token="", ca=ca, identity=identity)
    assert KUBERNETES.start(known, order(do="restart")).state == "running"
    with pytest.raises(RunFailed, match="could not be reached"):
        KUBERNETES.try_it(settings(cluster, ca=ca))  # with a token instead
    with pytest.raises(RunFailed, match="could not be reached"):
        KUBERNETES.try_it(settings(cluster, token="", identity=identity))  # and nobody who vouches for it


def test_a_kubeconfig_is_enough(tls: tuple[Cluster, str, str]) -> None:
    cluster, ca, identity = tls
    key, certificate = identity.split("-----BEGIN CERTIFICATE")
    text = kubeconfig(
        f"{{server: '{cluster.peer.url}', certificate-authority-data: {b64(ca)}}}",
        f"{{client-certificate-data: {b64('-----BEGIN CERTIFICATE' + certificate)}, client-key-data: {b64(key)}}}",
    )
    found = KUBERNETES.check(
        {"kubeconfig": text, "url": "https://old.example.org", "token": "old", "namespaces": "shop"}
    )
    assert set(found) == {"url", "ca", "identity", "namespaces"} and found["url"] == cluster.peer.url
    assert KUBERNETES.try_it(found) == "It is Kubernetes v1.35.1."
    text = kubeconfig("{server: 'https://k.example.org/'}", "{token: abc}")
    assert KUBERNETES.check({"kubeconfig": text}) == {"url": "https://k.example.org", "token": "abc"}


SERVER = "{server: 'https://k.example.org'}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "can't be read as YAML"),
        ("just words", "not a kubeconfig"),
        (kubeconfig(SERVER, "{token: t}") + "#" * 20_000, "too long"),
        (kubeconfig(SERVER, "{token: t}") + "contexts: 5\n", "contexts are no list"),
        (kubeconfig(SERVER, "{token: t}") + "clusters: 5\n", "clusters are no list"),
        (kubeconfig(SERVER, "{token: t}") + "users: yes\n", "users are no list"),
        (kubeconfig(SERVER, "{exec: {command: aws, apiVersion: client.authentication.k8s.io/v1}}"), "exec runs a program"),
        (kubeconfig(SERVER, "{auth-provider: {name: gcp}}"), "auth-provider runs a program"),
        (kubeconfig(SERVER, "{client-certificate: /root/a.crt, client-key: /root/a.key}"), "refers to a file"),
        (kubeconfig(SERVER, "{tokenFile: /var/run/token}"), "tokenFile refers to a file"),
        (kubeconfig("{server: 'https://k.example.org', certificate-authority: /ca.crt}", "{token: t}"), "refers to a file"),
        (kubeconfig("{server: 'https://k.example.org', insecure-skip-tls-verify: true}", "{token: t}"), "trusts whoever"),
        (kubeconfig("{server: 'https://k.example.org', proxy-url: 'http://p'}", "{token: t}"), "proxy-url asks for"),
        (kubeconfig(SERVER, "{token: t, as: admin}"), "as asks for"),
        (kubeconfig(SERVER, "{username: a, password: b}"), "username asks for"),
        (kubeconfig(SERVER, "{}"), "nothing to sign in with"),
        (kubeconfig(SERVER, "{client-certificate-data: '!', client-key-data: '!'}"), "not base64"),
        (kubeconfig(SERVER, "{token: t}").replace("user: watchroom,", "user: other,"), "no user 'other'"),
        (kubeconfig("{server: 'http://169.254.169.254'}", "{token: t}"), "not an address on the public internet"),
    ],
)  # fmt: skip
def test_a_kubeconfig_that_asks_for_more_is_refused(text: str, said: str) -> None:
    with pytest.raises(Refused) as refused:
        KUBERNETES.check({"kubeconfig": text})
    assert said in str(refused.value) and refused.value.fix


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"token": "t", "ca": "no certificate"}, "ca"),
        ({"token": "t", "ca": "kein Zertifikat für ihn"}, "ca"),
        ({"identity": "kein Zertifikat für ihn"}, "identity"),
        ({"identity": "no certificate"}, "identity"),
        ({"token": "t", "identity": "both"}, "identity"),
        ({}, "token"),
    ],
)
def test_settings_are_checked(wrong: dict[str, str], field: str) -> None:
    with pytest.raises(Refused) as refused:
        KUBERNETES.check({"url": "https://k.example.org", **wrong})
    assert refused.value.field == field
