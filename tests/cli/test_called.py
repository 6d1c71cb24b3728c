"""What the program says that one should type is what works where one has typed it."""

from __future__ import annotations

from pathlib import Path

import pytest

from watchroom.cli.serving import called


@pytest.mark.parametrize(
    ("begun_as", "path", "said"),
    [
        (".venv/bin/watchroom", "/nowhere", ".venv/bin/watchroom"),  # `make run` in a fresh clone
        (".venv/bin/watchroom", ".venv/bin", "watchroom"),  # with the environment activated
        ("src/watchroom/__main__.py", "/nowhere", "watchroom"),  # `python -m watchroom`
    ],
)
def test_called(begun_as: str, path: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / begun_as
    program.parent.mkdir(parents=True)
    program.touch(mode=0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / path))
    monkeypatch.setattr("sys.argv", [str(program), "serve"])
    assert called() == said
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert called() in {"watchroom", str(program)}, "elsewhere by all of its path"
