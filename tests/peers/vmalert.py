"""A real vmalert of VictoriaMetrics: a ruler that is no Prometheus, with the same way of sending alerts."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from .programs import Program, answers, find, free_port, temporary_directory


class Vmalert:
    """Evaluates ``rules`` every second against ``datasource_url`` and sends to ``alertmanager_url``, prefix included."""

    def __init__(self, alertmanager_url: str, datasource_url: str, rules: list[dict[str, Any]]) -> None:
        self.alertmanager_url, self.datasource_url, self.rules = alertmanager_url, datasource_url, rules
        self._home: Path | None = None
        self._program: Program | None = None

    def start(self) -> Vmalert:
        binary = find("vmalert", package="victoria-metrics")
        self._home = home = temporary_directory("vmalert")
        group = {"name": "test", "interval": "1s", "rules": self.rules}
        (home / "rules.yml").write_text(json.dumps({"groups": [group]}))  # JSON is YAML
        port = free_port()
        self._program = Program(
            [
                binary,
                f"-rule={home / 'rules.yml'}",
                f"-datasource.url={self.datasource_url}",
                f"-notifier.url={self.alertmanager_url}",
                f"-httpListenAddr=127.0.0.1:{port}",
                "-loggerLevel=WARN",
            ],
            log=home / "vmalert.log",
            cwd=home,
        )
        self._program.wait_until(lambda: answers(f"http://127.0.0.1:{port}/health"))
        return self

    @property
    def log(self) -> str:
        return self._program.tail() if self._program else ""

    def stop(self) -> None:
        if self._program:
            self._program.stop()
            self._program = None
        if self._home:
            shutil.rmtree(self._home, ignore_errors=True)
