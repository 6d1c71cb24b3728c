"""A mark of all that is going to be carried out, taken when it is proposed: who approves, approves that and nothing else."""

from __future__ import annotations

import json
from typing import Any

from django.utils.crypto import constant_time_compare, salted_hmac

from ..models import Execution, Mitigation, Runner


def mark_of_proposal(mitigation: Mitigation) -> str:
    """Of what somebody reads before they approve it, and of what is then carried out."""
    read = (mitigation.name, mitigation.how, mitigation.kind, mitigation.risk)
    return _mark(mitigation.slug, mitigation.inputs, mitigation.runner, *read)


def mark_of_order(mitigation: Mitigation) -> str:
    """Of what a runner would be told now."""
    return _mark(mitigation.slug, mitigation.inputs, mitigation.runner)


def is_still(execution: Execution, mitigation: Mitigation | None, runner: Runner | None) -> bool:
    """Whether what ``execution`` carries out is what it was when it was started."""
    slug = mitigation.slug if mitigation else ""
    return constant_time_compare(execution.fingerprint, _mark(slug, execution.inputs, runner))


def _mark(slug: str, inputs: dict[str, Any], runner: Runner | None, *more: str) -> str:
    """Keyed with the installation's secret, because settings hold secrets that could be guessed from a plain hash."""
    through = [runner.pk, runner.kind, runner.settings] if runner else None
    what = json.dumps([slug, inputs, through, *more], sort_keys=True)
    return salted_hmac("watchroom.carried-out", what, algorithm="sha256").hexdigest()
