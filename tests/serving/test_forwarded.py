"""What the web application believes about who asks."""

from __future__ import annotations

from typing import Any

import pytest

from watchroom.intake.gate.addresses import networks
from watchroom.serving.forwarded import Forwarded

TOLD = {
    "HTTP_X_FORWARDED_FOR": "192.0.2.1",
    "HTTP_X_FORWARDED_PROTO": "https",
    "HTTP_X_FORWARDED_HOST": "watch.example.org",
}


def seen(environ: dict[str, Any], **options: Any) -> dict[str, Any]:
    got: dict[str, Any] = {}

    def application(environ: dict[str, Any], start_response: object) -> list[bytes]:
        got.update(environ)
        return []

    Forwarded(application, **options)({"wsgi.url_scheme": "http", "HTTP_HOST": "inner", **environ}, lambda *_: None)
    return got


@pytest.mark.parametrize("options", [{"always": True}, {"trusted": networks(["10.0.0.0/8"])}])
def test_the_gate_and_our_proxies_are_believed(options: dict[str, Any]) -> None:
    got = seen({"REMOTE_ADDR": "10.0.0.1", **TOLD}, **options)
    assert (got["REMOTE_ADDR"], got["wsgi.url_scheme"], got["HTTP_HOST"]) == ("192.0.2.1", "https", "watch.example.org")
    assert got["HTTP_X_FORWARDED_PROTO"] == "https"  # which Django looks at


def test_strangers_are_not() -> None:
    got = seen({"REMOTE_ADDR": "192.0.2.66", **TOLD}, trusted=networks(["10.0.0.0/8"]))
    assert (got["REMOTE_ADDR"], got["wsgi.url_scheme"], got["HTTP_HOST"]) == ("192.0.2.66", "http", "inner")
    assert not got.keys() & TOLD.keys()
