"""Which runbook is for what happens. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

Accepts = Callable[[Mapping[str, str]], bool]


def fit(
    *, for_service: bool, accepts: Sequence[Accepts], labels: Sequence[Mapping[str, str]] | None
) -> tuple[int, str]:
    """How well a runbook fits (0: not at all), and why in words. ``for_service``: it names one of the services, otherwise it
    names none; ``accepts``: its matchers; ``labels``: of the alerts, None where nothing is known of any."""
    if labels is None:
        return (1, "For this service") if for_service else (0, "")
    if accepts and not any(all(each(one) for each in accepts) for one in labels):
        return 0, ""
    if accepts:
        return (3, "For such alerts of this service") if for_service else (2, "For such alerts")
    return (1, "For this service") if for_service else (0, "")
