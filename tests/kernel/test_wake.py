"""What a wake carries: keys, in payloads that PostgreSQL takes, and to engines no more than is for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from watchroom.kernel import settings, wake
from watchroom.kernel.errors import Refused


@pytest.fixture
def ears() -> Iterator[tuple[wake.Ear, wake.Ear]]:
    engine, page = wake.Ear(engine=True), wake.Ear()
    yield engine, page
    engine.close()
    page.close()


@pytest.mark.parametrize("count", [0, 1, 500, 3_000])
def test_topics_are_packed_and_unpacked(count: int) -> None:
    topics = {f"escalation:{number}" for number in range(count)}
    payloads = wake.pack(topics)
    assert all(len(payload.encode()) < 8_000 for payload in payloads)
    assert frozenset().union(*map(wake.unpack, payloads)) == topics


def test_too_many_topics_stand_for_everything() -> None:
    assert wake.pack(f"escalation:{number}" for number in range(30_000)) == ["* due"]


def test_an_engine_hears_what_is_for_engines_and_a_page_the_rest(ears: tuple[wake.Ear, wake.Ear]) -> None:
    engine, page = ears
    wake.send_datagrams({wake.PAGES, "escalation:1"})
    assert engine.drain() == {wake.PAGES}
    assert page.drain() == {"escalation:1"}
    wake.send_datagrams({wake.SIGNALS})
    assert engine.drain() == {wake.SIGNALS} and not page.drain()
    wake.send_datagrams({"*"})
    assert engine.drain() == page.drain() == {"*"}


def test_an_engine_is_told_at_once_of_what_it_made_due_itself(
    ears: tuple[wake.Ear, wake.Ear], monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[frozenset[str]] = []
    monkeypatch.setattr(wake, "_here", [heard.append])
    wake.tell_here({wake.DUE})
    wake.send_datagrams({wake.DUE, "person:1"})
    engine, page = ears
    assert heard == [{wake.DUE}]
    assert not engine.drain() and page.drain() == {"person:1"}


def test_a_directory_into_which_others_may_write_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name can be guessed; whoever made it first could have put the web process's socket there."""
    place = tmp_path / "watchroom-0-abc"
    monkeypatch.setattr(wake, "_directory_for", lambda _: place)
    assert wake.directory() == place and place.stat().st_mode & 0o777 == 0o700
    place.chmod(0o777)
    with pytest.raises(Refused, match="Others may write"):
        wake.directory()
    place.rmdir()
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    place.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refused, match="Others may write"):
        wake.directory()


def test_a_data_directory_that_we_make_is_read_by_nobody_else(tmp_path: Path, configured: Callable[..., None]) -> None:
    configured(WATCHROOM_DATA=str(tmp_path / "data"), WATCHROOM_SECRET_KEY="")
    assert settings.secret_key() and (tmp_path / "data").stat().st_mode & 0o777 == 0o700
