"""What every test stands on: settings of its own, a clock that travels, and real programs to talk to.

Tests run on the database that ``DATABASE_URL`` names: SQLite in a temporary directory when it is empty, otherwise a
database ``watchroom_test`` on that PostgreSQL server (``scripts/with-postgres pytest`` starts one).
"""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from peers.server import SECRET_KEY

if TYPE_CHECKING:
    from peers.alertmanager import Alertmanager
    from peers.chromium import Chromium
    from peers.http import HttpPeer
    from peers.prometheus import Prometheus
    from peers.server import Server
    from peers.smtp import SmtpPeer
    from watchroom.kernel.clock import TravellingClock

ROOT = Path(__file__).parent.parent
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # a Monday

# --- Settings: before anything of ours, or Django, has been imported ------------------------------------------------

_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
_SERVER = os.environ.get("DATABASE_URL", "")
_ON_POSTGRES = _SERVER.startswith("postgres")
_DATABASE = "_".join(filter(None, ["watchroom_test", _WORKER]))
_DATA = Path(tempfile.mkdtemp(prefix="watchroom-test-"))
atexit.register(shutil.rmtree, _DATA, ignore_errors=True)

for _name in [name for name in os.environ if name.startswith(("WATCHROOM_", "DJANGO_SETTINGS"))]:
    del os.environ[_name]
os.environ["WATCHROOM_DATA"] = str(_DATA)
os.environ["WATCHROOM_SECRET_KEY"] = SECRET_KEY
os.environ["DATABASE_URL"] = f"{_SERVER.partition('?')[0].rpartition('/')[0]}/{_DATABASE}" if _ON_POSTGRES else ""
os.environ["DJANGO_SETTINGS_MODULE"] = "watchroom.settings"

# The same examples each time: what is red was made red by a change. `--hypothesis-profile=search` looks for others.
_EXAMPLES: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
}
hypothesis_settings.register_profile("search", **_EXAMPLES)
hypothesis_settings.register_profile("same", derandomize=True, database=None, print_blob=True, **_EXAMPLES)
hypothesis_settings.load_profile("same")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    from django.conf import settings

    if getattr(config.option, "numprocesses", None) and not _WORKER:
        # Only the workers of pytest-xdist run tests; each must find the environment as we found it.
        del os.environ["DJANGO_SETTINGS_MODULE"]
        return
    if settings.configured:
        raise pytest.UsageError("Unset DJANGO_SETTINGS_MODULE, and use no --ds: the tests bring their own settings.")
    # From here on pytest-django sees a configured Django. The test database is the very one that the settings name, so
    # that code which opens it by itself (the gate) sees what the tests write.
    for database in settings.DATABASES.values():
        if not _ON_POSTGRES and not Path(database["NAME"]).is_relative_to(_DATA.resolve()):
            raise pytest.UsageError(f"Tests would empty {database['NAME']}: WATCHROOM_DATA was read too early.")


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None) -> None:
    """Each worker has a database of its own. It is a copy of one that has been migrated already, so there is nothing to make
    and nothing to migrate: pytest-django, whose fixture this replaces, would read all migrations to find that out."""
    from peers import migrated

    if _ON_POSTGRES:
        migrated.lay_postgresql(_SERVER, _DATABASE)
    else:
        migrated.lay_sqlite(_DATA)


@pytest.fixture(scope="session", autouse=True)
def _no_time_is_lost() -> None:
    """By emptying databases and by making passwords hard to guess."""
    from django.contrib.auth.hashers import Argon2PasswordHasher

    from peers.emptied import instead_of_flushing

    instead_of_flushing()
    Argon2PasswordHasher.time_cost, Argon2PasswordHasher.memory_cost, Argon2PasswordHasher.parallelism = 1, 8, 1


# These folders open databases by themselves, or start programs that do.
_OWN_DATABASES = {ROOT / "tests" / name for name in ("gate", "kernel", "live", "peers", "serving", "story")}
_WITH_A_DATABASE = {"db", "transactional_db", "on_postgres", "server", "start_server"}


def _asks_no_database(item: pytest.Item) -> bool:
    """Whether it is the same test on either database."""
    return not (
        item.get_closest_marker("django_db")
        or item.get_closest_marker("postgres_only")
        or _WITH_A_DATABASE & set(getattr(item, "fixturenames", ()))
        or _OWN_DATABASES & set(item.path.parents)
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    elsewhere = ("sqlite_only", "browser_once") if _ON_POSTGRES else ("postgres_only",)
    left_out = {
        item
        for item in items
        if any(item.get_closest_marker(name) for name in elsewhere) or (_ON_POSTGRES and _asks_no_database(item))
    }
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]
    for item in items:  # every test that uses a database uses all of them
        if marker := item.get_closest_marker("django_db"):
            marker.kwargs.setdefault("databases", "__all__")
        elif {"db", "transactional_db"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.django_db(databases="__all__"))
    # Last those with a browser: Playwright keeps an event loop running in the main thread. First those that take longest: no
    # worker shall wait for them at the end.
    longest = [item for item in items if item.get_closest_marker("longest")]
    in_browser = {item for item in items if item.get_closest_marker("browser")} - {*longest}
    others = [item for item in items if item not in in_browser and item not in longest]
    items[:] = longest + others + [item for item in items if item in in_browser]


def pytest_collection_finish() -> None:
    """What has been imported by now stays: looking whether it is garbage, again and again, takes a fifteenth of all time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


# --- Time and settings ----------------------------------------------------------------------------------------------


@pytest.fixture
def clock() -> Iterator[TravellingClock]:
    """The clock stands at Monday, 2 March 2026, 09:00 UTC until ``clock.advance(…)`` or ``clock.to(…)``."""
    from watchroom.kernel import clock as kernel_clock

    with kernel_clock.travelling(START) as travelling:
        yield travelling


@pytest.fixture(autouse=True)
def _requests_leave_the_connection_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The WSGI application itself (the command line, schemathesis) would close the connection that a test's own
    transaction is on. Django's test client avoids that for itself, but connects what closes again after each request: it is
    given something harmless to connect, so that both can be used in turn."""
    from django.core.signals import request_finished, request_started
    from django.db import close_old_connections

    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    monkeypatch.setattr("django.test.client.close_old_connections", _leave_open)


def _leave_open(**_: object) -> None:
    """In the place of what closes connections."""


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """``configured(WATCHROOM_PRIVATE_TARGETS="127.0.0.0/8")`` changes Watchroom's own settings for this test."""
    from watchroom.kernel.settings import current

    def change(**env: str) -> None:
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        current.cache_clear()

    yield change
    monkeypatch.undo()
    current.cache_clear()


@pytest.fixture(scope="session")
def on_postgres() -> bool:
    """Whether this run is on PostgreSQL."""
    return _ON_POSTGRES


@pytest.fixture(scope="session")
def database_server() -> str:
    """The address of the PostgreSQL server of this run; empty on SQLite."""
    return _SERVER if _ON_POSTGRES else ""


# --- Peers: each starts when a test first asks for it ---------------------------------------------------------------


@pytest.fixture(scope="session")
def _smtp_server() -> Iterator[SmtpPeer]:
    from peers.smtp import SmtpPeer

    peer = SmtpPeer().start()
    yield peer
    peer.stop()


@pytest.fixture
def smtp(_smtp_server: SmtpPeer) -> SmtpPeer:
    """A mail server, empty. ``smtp.url`` is for WATCHROOM_SMTP_URL."""
    _smtp_server.clear()
    return _smtp_server


@pytest.fixture
def http_peer() -> Iterator[HttpPeer]:
    """An HTTP server that records requests and answers as told."""
    from peers.http import HttpPeer

    peer = HttpPeer().start()
    yield peer
    peer.stop()


@pytest.fixture
def hook(http_peer: HttpPeer, configured: Callable[..., None]) -> HttpPeer:
    """The same, where Watchroom may send to: contact methods, steps and webhooks can lead to it."""
    configured(WATCHROOM_PRIVATE_TARGETS="127.0.0.0/8")
    return http_peer


@pytest.fixture
def prometheus() -> Iterator[Callable[..., Prometheus]]:
    """``prometheus(alertmanager_url, rules=None)`` starts a real Prometheus."""
    from peers.prometheus import Prometheus

    started: list[Any] = []

    def start(alertmanager_url: str, rules: list[dict[str, Any]] | None = None) -> Prometheus:
        started.append(Prometheus(alertmanager_url, rules))
        return started[-1].start()

    yield start
    for each in started:
        each.stop()


@pytest.fixture
def alertmanager() -> Iterator[Callable[..., Alertmanager]]:
    """``alertmanager(webhook_url="")`` starts a real Alertmanager."""
    from peers.alertmanager import Alertmanager

    started: list[Any] = []

    def start(webhook_url: str = "", **options: Any) -> Alertmanager:
        started.append(Alertmanager(webhook_url, **options))
        return started[-1].start()

    yield start
    for each in started:
        each.stop()


def _show_log(request: pytest.FixtureRequest, server: Server) -> None:
    """Print the server's log where pytest shows it when the test has failed."""
    print(f"--- log of {request.node.name}\n{server.log[-20_000:]}")


@pytest.fixture
def start_server(request: pytest.FixtureRequest, database_server: str) -> Iterator[Callable[..., Server]]:
    """``start_server(WATCHROOM_SMTP_URL=…)`` starts a whole Watchroom of the test's own, which it may kill."""
    from peers.server import Server

    started: list[Server] = []

    def start(**env: Any) -> Server:
        server = Server(database_url=database_server, **env)
        started.append(server)
        return server.start()

    yield start
    for server in started:
        _show_log(request, server)
        server.stop()


@pytest.fixture(scope="session")
def _shared_server(database_server: str) -> Iterator[Server]:
    from peers.server import Server

    server = Server(database_url=database_server)
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture
def server(request: pytest.FixtureRequest, _shared_server: Server) -> Iterator[Server]:
    """A whole Watchroom that all tests of the session share: add to it, but do not stop it."""
    before = len(_shared_server.log)
    yield _shared_server
    print(f"--- log of the server during this test\n{_shared_server.log[before:][-20_000:]}")


@pytest.fixture(scope="session")
def _browser() -> Iterator[Chromium]:
    from peers.chromium import Chromium

    browser = Chromium(ROOT / "artifacts" / "screenshots")
    yield browser.start()
    browser.stop()


@pytest.fixture
def chromium(_browser: Chromium) -> Iterator[Chromium]:
    """The browser, without open pages. The test fails if a page had errors that it did not take (take_problems)."""
    _browser.take_problems()
    yield _browser
    _browser.close_pages()
    problems = _browser.take_problems()
    assert not problems, "Pages had problems:\n" + "\n".join(problems)
