"""Each kind of check against a real peer."""

import asyncio
import queue
import socket
import struct
import threading
from datetime import timedelta

import pytest
from django.db import OperationalError

import factories
from peers.http import Answer
from peers.programs import wait_until
from watchroom.intake.commands import read_signals
from watchroom.intake.models import Alert
from watchroom.kernel.errors import Refused
from watchroom.monitors import commands, probing
from watchroom.monitors.kinds import dns, icmp
from watchroom.monitors.models import Check


def try_(kind, timeout=5.0, **settings):
    return asyncio.run(probing.try_one(probing.Probe(1, 1, kind, settings, timeout)))


@pytest.fixture
def dns_server():
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                query, peer = sock.recvfrom(512)
            except OSError:
                return
            if query == b"stop":
                return
            if b"missing" in query:
                sock.sendto(query[:2] + struct.pack("!HHHHH", 0x8183, 1, 0, 0, 0) + query[12:], peer)
                continue
            record = struct.pack("!HHHIH4s", 0xC00C, 1, 1, 60, 4, bytes([192, 0, 2, 7]))
            sock.sendto(query[:2] + struct.pack("!HHHHH", 0x8180, 1, 1, 0, 0) + query[12:] + record, peer)

    thread = threading.Thread(target=serve)
    thread.start()
    yield sock.getsockname()[1]
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"stop", sock.getsockname())
    thread.join()
    sock.close()


@pytest.fixture(autouse=True)
def _private(request, monkeypatch):
    if "guarded" in request.node.name:
        return
    import ipaddress

    from watchroom.kernel import http

    monkeypatch.setattr(http, "private_targets", lambda: (ipaddress.ip_network("127.0.0.0/8"),))


def test_http_status_body_json_and_speed(http_peer):
    http_peer.otherwise = Answer(200, {"status": "ok", "checks": [{"n": 1}]})
    url = http_peer.url
    assert try_("http", url=url, json_path="checks.0.n", json_value="1", contains="ok", matches="o.").ok
    assert not try_("http", url=url, status="500").ok
    assert "does not contain" in try_("http", url=url, contains="bad").message
    assert "checks.0.n is 1" in try_("http", url=url, json_path="checks.0.n", json_value="2").message
    assert "no certificate" in try_("http", url=url, certificate_days=5).message
    http_peer.answer(Answer(hang_up=True))
    assert not try_("http", url=url).ok


def test_a_guarded_address_is_not_asked(http_peer):
    for kind, settings in (("http", {"url": http_peer.url}), ("tcp", {"host": "127.0.0.1", "port": 80})):
        found = try_(kind, **settings)
        assert not found.ok and "public internet" in found.message
    assert not http_peer.requests


def test_tcp():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert try_("tcp", host="127.0.0.1", port=port).ok
        assert "no answer within" in try_("tcp", 0.3, host="127.0.0.1", port=port, expect="220").message
    assert "no connection" in try_("tcp", host="127.0.0.1", port=port).message


def _may(kind: int) -> bool:
    try:
        socket.socket(socket.AF_INET, kind, socket.IPPROTO_ICMP).close()
    except PermissionError:
        return False
    return True


def test_ping(monkeypatch):
    if _may(socket.SOCK_DGRAM) or _may(socket.SOCK_RAW):
        outcome = try_("icmp", host="127.0.0.1")
        assert outcome.ok, outcome.message
    made = socket.socket

    def refusing(family=socket.AF_INET, type=socket.SOCK_STREAM, proto=0, *more):
        if proto == socket.IPPROTO_ICMP:
            raise PermissionError(1, "Operation not permitted")
        return made(family, type, proto, *more)

    monkeypatch.setattr(socket, "socket", refusing)
    outcome = try_("icmp", host="127.0.0.1")
    assert not outcome.ok and "CAP_NET_RAW" in outcome.message


def test_a_ping_is_answered_by_its_answer_and_not_by_itself():
    mark, header = b"0123456789abcdef", bytes([0x46]) + bytes(23)  # an IPv4 header of six words
    request, reply = icmp.echo(8, mark), icmp.echo(0, mark)
    assert not icmp.answers(header + request, mark, False, socket.SOCK_RAW)
    assert icmp.answers(header + reply, mark, False, socket.SOCK_RAW)
    assert not icmp.answers(header + reply, b"another one's mar", False, socket.SOCK_RAW)
    assert icmp.answers(reply, mark, False, socket.SOCK_DGRAM)
    assert icmp.answers(icmp.echo(129, mark), mark, True, socket.SOCK_RAW)
    assert not icmp.answers(icmp.echo(128, mark), mark, True, socket.SOCK_RAW)


def test_dns(dns_server):
    settings = {"name": "shop.example.org", "server": "127.0.0.1", "port": dns_server}
    assert try_("dns", **settings).message == "192.0.2.7"
    assert try_("dns", expect="192.0.2.7", **settings).ok
    assert not try_("dns", expect="192.0.2.8", **settings).ok
    assert "no such name" in try_("dns", **settings | {"name": "missing.example.org"}).message


def test_a_dns_answer_that_points_in_a_circle_ends():
    with pytest.raises(dns.Failed):
        dns.read(struct.pack("!HHHHHH", 1, 0x8180, 1, 0, 0, 0) + b"\xc0\x0c\0\0\0\0", 1)


def test_promql_and_slo_against_prometheus(prometheus):
    url = prometheus("http://127.0.0.1:9").url
    assert try_("promql", url=url, expression="vector(3)", comparison=">", threshold=5).ok
    assert "value is 3 (> 2)" in try_("promql", url=url, expression="vector(3)", comparison=">", threshold=2).message
    assert "no data" in try_("promql", url=url, expression="nothing_here", threshold=2).message
    assert "Prometheus says" in try_("promql", url=url, expression="sum(", threshold=2).message
    # Zero times a number over $window: so that the window stands in the expression, whatever has been scraped.
    ratio = "vector({}) + 0 * absent(count_over_time(nothing[$window]))"
    assert try_("slo", url=url, target=99.9, error_ratio=ratio.format(0.0001)).ok
    assert "14.4" not in (found := try_("slo", url=url, target=99.9, error_ratio=ratio.format(0.02))).message
    assert not found.ok and "over 1h" in found.message


def test_many_slow_ones_are_tried_together_and_no_quick_one_waits(http_peer):
    held = threading.Event()
    http_peer.otherwise = lambda request: Answer(wait_for=held if request.path == "/slow" else None)
    probes = [
        probing.Probe(n, 1, "http", {"url": f"{http_peer.url}/{'slow' if n < 20 else 'quick'}"}, 30.0)
        for n in range(40)
    ]
    order, all_through = [], threading.Event()

    def written(outcomes):
        order.extend(outcomes)
        if len(order) == 20:
            held.set()  # the slow ones are let go only when all the quick ones are through
        if len(order) == 40:
            all_through.set()
        return len(outcomes)

    probing.Prober(written).submit(probes)
    assert all_through.wait(60)
    assert {each.check for each in order[:20]} == set(range(20, 40))
    assert all(each.ok for each in order)


def test_what_is_found_is_written_down_though_the_database_was_away_in_between(http_peer, monkeypatch):
    away = iter([OperationalError("away")])

    def close():
        if error := next(away, None):
            raise error

    monkeypatch.setattr(probing, "close_old_connections", close)
    order: queue.SimpleQueue[int] = queue.SimpleQueue()
    prober = probing.Prober(lambda outcomes: [order.put(each.check) for each in outcomes] and len(outcomes))
    probe = {"kind": "http", "settings": {"url": http_peer.url}, "timeout": 30.0}
    prober.submit([probing.Probe(1, 1, **probe)])
    wait_until(lambda: prober.room == probing.WAITING, 30, "the first is given up")
    prober.submit([probing.Probe(2, 1, **probe)])
    assert order.get(timeout=30) == 2


@pytest.mark.django_db
def test_a_check_is_confirmed_alerts_and_recovers(clock, http_peer):
    check = commands.save_check(
        factories.actor(), None, team=factories.team(), name="Shop", kind="http", settings={"url": http_peer.url}
    )
    http_peer.otherwise = Answer(503)

    def turn():
        commands.record([asyncio.run(probing.try_one(probe)) for probe in commands.claim(10)])
        read_signals(10)
        check.refresh_from_db()
        clock.to(check.due_at)
        return check.state

    assert turn() == "confirming" and not Alert.objects.exists()
    assert turn() == "down"
    alert = Alert.objects.get()
    assert "503" in alert.title and alert.expires_at is None
    http_peer.otherwise = Answer()
    assert turn() == "up"
    alert.refresh_from_db()
    assert alert.ended_at is not None
    assert (check.days.get().good, check.days.get().bad, check.results.count()) == (1, 2, 3)


@pytest.mark.django_db
def test_a_result_of_an_older_revision_does_not_count(clock):
    by, team = factories.actor(), factories.team()
    fields = {"team": team, "name": "Port", "kind": "tcp", "settings": {"host": "example.org", "port": 80}}
    check = commands.save_check(by, None, **fields)
    (probe,) = commands.claim(10)
    assert commands.claim(10) == []
    commands.save_check(by, check, **fields)
    assert commands.record([probing.Tried(check.pk, probe.revision, clock(), False, "no", None)]) == 0
    assert Check.objects.get().due_at <= clock() + timedelta(seconds=1)


@pytest.mark.django_db
def test_guarded_settings_are_refused_when_saved():
    with pytest.raises(Refused):
        commands.save_check(
            factories.actor(),
            None,
            team=factories.team(),
            name="x",
            kind="tcp",
            settings={"host": "10.0.0.1", "port": 1},
        )
    with pytest.raises(Refused) as refused:
        commands.save_check(
            factories.actor(),
            None,
            team=factories.team(),
            name="x",
            kind="slo",
            settings={"url": "https://p.example.org", "target": 99, "error_ratio": "1"},
        )
    assert "$window" in refused.value.message
