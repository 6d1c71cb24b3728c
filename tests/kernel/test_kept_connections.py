"""Connections that are kept for the next request: used only where a new one would lead, and never at the cost of a message."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from channels.certificates import certificate_for
from peers.http import Answer, HttpPeer
from watchroom.kernel import clock as kernel_clock
from watchroom.kernel import http, wire
from watchroom.kernel.errors import Refused

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Say = Callable[[socket.socket, int, int], bool]  # connection, its number, the number of the request on it: go on?


class Listener:
    """A server that does as it is told for each request, and writes down by which connection each came."""

    def __init__(self, say: Say) -> None:
        self.came: list[tuple[int, bytes]] = []
        self.say = say
        self.closed = threading.Semaphore(0)  # released once for each connection that is over
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            for number in range(1_000):
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection, number), daemon=True).start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        with connection, contextlib.suppress(OSError):
            turn = 0
            while request := self._request(connection):
                self.came.append((number, request))
                if not self.say(connection, number, turn):
                    break
                turn += 1
        self.closed.release()

    def _request(self, connection: socket.socket) -> bytes:
        read = b""
        while b"\r\n\r\n" not in read:
            if not (data := connection.recv(65_536)):
                return b""
            read += data
        head, _, body = read.partition(b"\r\n\r\n")
        length = next(
            (int(each[15:]) for each in head.split(b"\r\n") if each.lower().startswith(b"content-length:")), 0
        )
        while len(body) < length:
            body += connection.recv(65_536)
        return head + b"\r\n\r\n" + body

    def stop(self) -> None:
        self._listener.close()

    @property
    def connections(self) -> list[int]:
        return [number for number, _ in self.came]


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch, configured) -> wire._Kept:
    configured(WATCHROOM_PRIVATE_TARGETS="127.0.0.0/8")
    mine = wire._Kept()
    monkeypatch.setattr(wire, "_kept", mine)
    return mine


@pytest.fixture
def listening() -> Iterator[Callable[[Say], Listener]]:
    made: list[Listener] = []

    def listen(say: Say) -> Listener:
        made.append(Listener(say))
        return made[-1]

    yield listen
    for each in made:
        each.stop()


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """``later(5)`` moves the clock by which connections grow old."""
    passed = [0.0]
    real = kernel_clock.monotonic
    monkeypatch.setattr(kernel_clock, "monotonic", lambda: real() + passed[0])

    def move(seconds: float) -> None:
        passed[0] += seconds

    return move


def answers(connection: socket.socket, number: int, turn: int) -> bool:
    connection.sendall(OK)
    return True


def post(port: int, *, host: str = "127.0.0.1", keep: bool = True, **more: Any) -> http.Answer:
    return http.fetch("POST", f"http://{host}:{port}/page", content=b"wake up", keep=keep, **more)


def test_the_next_request_goes_by_the_same_connection(listening) -> None:
    peer = listening(answers)
    assert [post(peer.port).body for _ in range(3)] == [b"ok"] * 3
    assert peer.connections == [0, 0, 0]
    assert all(b"connection: close" not in request.lower() for _, request in peer.came)


def test_who_does_not_ask_for_it_gets_a_new_one(listening) -> None:
    peer = listening(answers)
    for _ in range(2):
        post(peer.port, keep=False)
    post(peer.port)
    post(peer.port, keep=False)
    assert peer.connections == [0, 1, 2, 3]


def test_it_is_kept_for_a_short_time_only(listening, later) -> None:
    peer = listening(answers)
    post(peer.port)
    later(wire.IDLE_SECONDS + 0.1)
    post(peer.port)
    assert peer.connections == [0, 1]


def test_however_busy_it_is_not_used_for_ever(listening, later) -> None:
    peer = listening(answers)
    for _ in range(int(wire.OLDEST_SECONDS // 3) + 2):
        post(peer.port)
        later(3)
    assert set(peer.connections) == {0, 1}


def test_what_is_not_used_again_is_closed_by_itself(listening, later, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "IDLE_SECONDS", 0.01)
    peer = listening(answers)
    post(peer.port)
    assert peer.closed.acquire(timeout=30)


def test_a_name_is_resolved_and_judged_for_each_request(listening, monkeypatch: pytest.MonkeyPatch, configured) -> None:
    """A connection is there already, and its name leads elsewhere now: inside, and it is refused."""
    peer = listening(answers)
    leads_to = ["127.0.0.1"]
    monkeypatch.setattr(http, "addresses", lambda host, port, look_up=True: leads_to if look_up else [])
    post(peer.port, host="hooks.example.org")
    leads_to[:] = ["10.0.0.1"]
    with pytest.raises(Refused):
        post(peer.port, host="hooks.example.org")
    leads_to[:] = ["127.0.0.2"]  # not where the kept one leads, and nobody listens there
    with pytest.raises(http.OutgoingFailed):
        post(peer.port, host="hooks.example.org")
    leads_to[:] = ["127.0.0.1"]
    configured(WATCHROOM_PRIVATE_TARGETS="")  # no longer permitted
    with pytest.raises(Refused):
        post(peer.port, host="hooks.example.org")
    assert peer.connections == [0]


def test_another_name_for_the_same_address_gets_one_of_its_own(listening, monkeypatch: pytest.MonkeyPatch) -> None:
    peer = listening(answers)
    monkeypatch.setattr(http, "addresses", lambda host, port, look_up=True: ["127.0.0.1"] if look_up else [])
    for host in ("a.example.org", "b.example.org", "a.example.org"):
        post(peer.port, host=host)
    assert peer.connections == [0, 1, 0]


def test_one_that_the_other_side_has_closed_costs_nothing(listening) -> None:
    def one_each(connection: socket.socket, number: int, turn: int) -> bool:
        connection.sendall(OK)
        return False

    peer = listening(one_each)
    for _ in range(3):
        assert post(peer.port).status == 200
        assert peer.closed.acquire(timeout=30)
    assert peer.connections == [0, 1, 2]


def test_one_that_ends_without_a_word_repeats_the_very_same_request_by_a_new_one(listening) -> None:
    def hangs_up(connection: socket.socket, number: int, turn: int) -> bool:
        if (number, turn) == (0, 1):
            return False
        return answers(connection, number, turn)

    peer = listening(hangs_up)
    for _ in range(2):
        assert post(peer.port, headers={"Idempotency-Key": "n-1"}).status == 200
    assert peer.connections == [0, 0, 1]
    assert peer.came[1][1] == peer.came[2][1]


def test_a_new_connection_that_ends_without_a_word_repeats_nothing(listening) -> None:
    peer = listening(lambda connection, number, turn: False)
    with pytest.raises(http.OutgoingFailed, match="could not be reached"):
        post(peer.port)
    assert peer.connections == [0]


def test_after_a_word_nothing_is_repeated(listening) -> None:
    def breaks_off(connection: socket.socket, number: int, turn: int) -> bool:
        connection.sendall(OK if turn == 0 else b"HTTP/1.1 200 OK\r\nContent-Le")
        return turn == 0

    peer = listening(breaks_off)
    post(peer.port)
    with pytest.raises(http.OutgoingFailed):
        post(peer.port)
    assert peer.connections == [0, 0]


def test_one_that_is_silent_is_waited_for_and_not_asked_twice(listening) -> None:
    over = threading.Event()

    def falls_silent(connection: socket.socket, number: int, turn: int) -> bool:
        if turn:
            over.wait(30)
            return False
        return answers(connection, number, turn)

    peer = listening(falls_silent)
    post(peer.port)
    with pytest.raises(http.OutgoingFailed, match=r"within 0\.2 s"):
        post(peer.port, timeout_seconds=0.2)
    over.set()
    assert peer.connections == [0, 0]


def test_what_lies_behind_an_answer_is_not_the_next_ones(listening) -> None:
    """A server that says more than it announced: the next request must not take that for its own answer."""

    def says_too_much(connection: socket.socket, number: int, turn: int) -> bool:
        connection.sendall(OK + b"HTTP/1.1 204 No Content\r\n\r\n" if number == 0 else OK)
        return True

    peer = listening(says_too_much)
    assert [post(peer.port).status for _ in range(2)] == [200, 200]
    assert peer.connections == [0, 1]


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b"x" * 100,  # more than is read
    ],
)
def test_what_may_not_be_kept_is_not(listening, said: bytes) -> None:
    def says(connection: socket.socket, number: int, turn: int) -> bool:
        connection.sendall(said)
        return True

    peer = listening(says)
    for _ in range(2):
        assert post(peer.port, limit_bytes=50).status == 200
    assert peer.connections == [0, 1]


def test_only_so_many_are_kept(listening, kept: wire._Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MOST_KEPT", 1)
    one, other = listening(answers), listening(answers)
    for _ in range(2):
        post(one.port)
        post(other.port)
    assert (one.connections, other.connections) == ([0, 0], [0, 1])


def test_other_settings_of_tls_get_one_of_their_own(tmp_path: Path) -> None:
    file = certificate_for("localhost", tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    handshakes: list[str | None] = []
    context.sni_callback = lambda connection, name, _: handshakes.append(name)
    peer = HttpPeer(context).start()
    mine, both = file.read_text(), file.read_text() + "\n"
    for ca in (mine, mine, both, mine):
        url = peer.url.replace("127.0.0.1", "localhost")
        assert http.fetch("POST", url, content=b"wake up", ca=ca, keep=True).status == 200
    with pytest.raises(http.OutgoingFailed, match="certificate"):
        http.fetch("POST", url, content=b"wake up", keep=True)
    peer.stop()
    assert handshakes == ["localhost"] * 3


def test_many_at_once_share_none(listening) -> None:
    """Each of many threads gets the answer to what it asked itself."""

    def echoes(connection: socket.socket, number: int, turn: int) -> bool:
        body = next(each for at, each in reversed(peer.came) if at == number).partition(b"\r\n\r\n")[2]
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        return True

    peer = listening(echoes)
    wrong: list[bytes] = []

    def ask(mine: bytes) -> None:
        for turn in range(20):
            said = mine + str(turn).encode()
            answer = http.fetch("POST", f"http://127.0.0.1:{peer.port}/", content=said, keep=True)
            if answer.body != said:
                wrong.append(answer.body)

    threads = [threading.Thread(target=ask, args=(bytes([65 + number]) * 10,)) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert not wrong
    assert len(peer.came) == 160
    assert len(set(peer.connections)) <= 8


def test_a_peer_that_has_ended_answers_no_more(http_peer: HttpPeer) -> None:
    http_peer.answer(Answer(200, b"ok"))
    http.fetch("POST", http_peer.url, keep=True)
    mine = HttpPeer().start()
    http.fetch("POST", mine.url, keep=True)
    url = mine.url
    mine.stop()
    with pytest.raises(http.OutgoingFailed):
        http.fetch("POST", url, keep=True)
