"""A real Prometheus Alertmanager: the benchmarks' yardstick, and a sender of webhooks."""

from __future__ import annotations

import json
import shutil
import urllib.request
from pathlib import Path
from typing import Any

from .programs import Program, answers, find, free_port, temporary_directory


class Alertmanager:
    """Groups by all labels, waits for nothing, and notifies ``webhook_url`` (nobody when empty)."""

    def __init__(self, webhook_url: str = "", *, config: dict[str, Any] | None = None) -> None:
        receiver: dict[str, Any] = {"name": "watchroom"}
        if webhook_url:
            receiver["webhook_configs"] = [{"url": webhook_url, "send_resolved": True}]
        self.config = config or {
            "route": {
                "receiver": "watchroom",
                "group_by": ["..."],
                "group_wait": "0s",
                "group_interval": "1s",
                "repeat_interval": "1h",
            },
            "receivers": [receiver],
        }
        self.url = ""
        self._home: Path | None = None
        self._program: Program | None = None

    def start(self) -> Alertmanager:
        binary = find("prometheus-alertmanager", "alertmanager", package="prometheus-alertmanager")
        self._home = home = temporary_directory("alertmanager")
        (home / "alertmanager.yml").write_text(json.dumps(self.config))  # JSON is YAML
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._program = Program(
            [
                binary,
                f"--config.file={home / 'alertmanager.yml'}",
                f"--storage.path={home / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--cluster.listen-address=",
                "--log.level=warn",
            ],
            log=home / "alertmanager.log",
            cwd=home,
        )
        self._program.wait_until(lambda: answers(f"{self.url}/-/ready"))
        return self

    def post(self, alerts: list[dict[str, Any]]) -> None:
        """Hand alerts over as Prometheus does."""
        request = urllib.request.Request(
            f"{self.url}/api/v2/alerts",
            data=json.dumps(alerts).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            answer.read()

    @property
    def pid(self) -> int:
        assert self._program is not None, "start() it first"
        return self._program.pid

    @property
    def log(self) -> str:
        return self._program.tail() if self._program else ""

    def stop(self) -> None:
        if self._program:
            self._program.stop()
            self._program = None
        if self._home:
            shutil.rmtree(self._home, ignore_errors=True)
