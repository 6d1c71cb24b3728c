"""A real Prometheus that watches one number a test can set, and sends its alerts to Watchroom."""

from __future__ import annotations

import json
import shutil
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .programs import Program, answers, find, free_port, temporary_directory, wait_until

ALERT_WHEN_ABOVE_ZERO: dict[str, Any] = {
    "alert": "ValueTooHigh",
    "expr": "test_value > 0",
    "labels": {"severity": "critical"},
    "annotations": {"summary": "The value of {{ $labels.service }} is {{ $value }}", "description": "Set by a test."},
}


class Exporter:
    """Serves ``test_value{service="…"}`` in Prometheus' text format."""

    def __init__(self) -> None:
        self.values: dict[str, float] = {"checkout": 0.0}
        exporter = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *arguments: object) -> None:
                pass

            def do_GET(self) -> None:
                lines = [f'test_value{{service="{name}"}} {value}\n' for name, value in exporter.values.items()]
                body = "".join(["# TYPE test_value gauge\n", *lines]).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), name="exporter", daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Prometheus:
    """Scrapes and evaluates every second; alerts fire at once and are repeated every second.

    ``alertmanager_url`` is what Watchroom tells people to write into prometheus.yml, prefix included: Prometheus adds
    ``/api/v2/alerts`` to its path.
    """

    def __init__(self, alertmanager_url: str, rules: list[dict[str, Any]] | None = None) -> None:
        self.alertmanager_url = alertmanager_url
        self.rules = rules or [ALERT_WHEN_ABOVE_ZERO]
        self.exporter: Exporter | None = None
        self.url = ""
        self._home: Path | None = None
        self._program: Program | None = None

    def start(self) -> Prometheus:
        binary = find("prometheus", package="prometheus")
        self.exporter = Exporter()
        self._home = home = temporary_directory("prometheus")
        to = urlsplit(self.alertmanager_url)
        # JSON is YAML.
        (home / "rules.yml").write_text(json.dumps({"groups": [{"name": "test", "rules": self.rules}]}))
        (home / "prometheus.yml").write_text(
            json.dumps(
                {
                    "global": {"scrape_interval": "1s", "evaluation_interval": "1s", "scrape_timeout": "1s"},
                    "rule_files": [str(home / "rules.yml")],
                    "scrape_configs": [
                        {"job_name": "test", "static_configs": [{"targets": [self.exporter.address]}]},
                    ],
                    "alerting": {
                        "alertmanagers": [
                            {
                                "scheme": to.scheme,
                                "path_prefix": to.path or "/",
                                "api_version": "v2",
                                "static_configs": [{"targets": [to.netloc]}],
                            }
                        ]
                    },
                }
            )
        )
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._program = Program(
            [
                binary,
                f"--config.file={home / 'prometheus.yml'}",
                f"--storage.tsdb.path={home / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--rules.alert.resend-delay=1s",
                "--log.level=warn",
            ],
            log=home / "prometheus.log",
            cwd=home,
        )
        self._program.wait_until(lambda: answers(f"{self.url}/-/ready"))
        return self

    def set(self, value: float, service: str = "checkout") -> None:
        """Set the number that the rules look at."""
        assert self.exporter is not None, "start() it first"
        self.exporter.values[service] = value

    def get(self, path: str) -> Any:
        """The ``data`` of its own API's answer, such as ``get("/api/v1/alerts")``."""
        with urllib.request.urlopen(f"{self.url}{path}", timeout=30) as answer:
            return json.load(answer)["data"]

    def wait_until_firing(self, timeout: float = 60) -> None:
        """Wait until Prometheus itself says that an alert fires."""
        wait_until(
            lambda: any(alert["state"] == "firing" for alert in self.get("/api/v1/alerts")["alerts"]),
            timeout,
            f"an alert fires in Prometheus\n{self.log}",
        )

    @property
    def log(self) -> str:
        return self._program.tail() if self._program else ""

    def stop(self) -> None:
        if self._program:
            self._program.stop()
            self._program = None
        if self.exporter:
            self.exporter.stop()
            self.exporter = None
        if self._home:
            shutil.rmtree(self._home, ignore_errors=True)
