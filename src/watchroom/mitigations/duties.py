"""What the engine does for mitigations: carries out what is ordered, follows it, and looks at effects."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from ..accounts.actors import SYSTEM
from ..incidents.commands import acting_in, write_system
from ..kernel import clock
from ..kernel.duty import Duty, one_by_one, soonest
from ..kernel.errors import Refused, WatchroomError
from ..kernel.plugins import all_of
from ..runners.base import Progress, RunFailed
from ..runners.base import Runner as Plugin
from . import rules
from .commands.carrying_out import MOST_TRIES, again, claim, record
from .commands.fingerprints import is_still
from .commands.ordering import order_of
from .commands.runners import GROUP
from .looking import effect_of
from .models import Execution, MitigationRun

log = logging.getLogger(__name__)
BATCH = 10
LOOK_AGAIN = timedelta(minutes=2)
LOOKED_FOR = timedelta(minutes=15)


def carry_out_next() -> bool:
    """Work on one that is due; the other side is asked outside of any transaction."""
    held = claim()
    if held is None:
        return False
    if held.do == "give_up":
        record(held.execution, Progress("unknown", "It was cut off while it was being started."))
    else:
        _work(held.execution, held.do == "start")
    return True


carry_out = one_by_one(carry_out_next, BATCH)


def _work(execution: Execution, starts: bool) -> None:
    runner = execution.runner
    plugin: Plugin | None = all_of(GROUP).get(runner.kind) if runner else None
    if runner is None or plugin is None:
        what = "What carries it out was removed."
        record(execution, Progress("failed" if starts else "unknown", what))
        return
    if starts and not is_still(execution, execution.run.mitigation, runner):
        what = (
            "What would be carried out has changed since it was started and approved. Look at it, and start it again."
        )
        record(execution, Progress("failed" if execution.tries < 2 else "unknown", what))
        return
    settings: dict[str, Any] = dict(runner.settings)
    try:
        if starts:
            came = plugin.start(settings, order_of(execution))
        else:
            came = plugin.poll(settings, order_of(execution), execution.reference)
    except (RunFailed, Refused) as error:
        _went_wrong(plugin, settings, execution, starts, error)
        return
    except Exception:
        log.exception("A runner failed in a way it should not: execution %s", execution.pk)
        came = Progress("unknown" if starts else "running", "The runner failed. The reason is in the log.")
    record(execution, came)


def _went_wrong(
    plugin: Plugin, settings: dict[str, Any], execution: Execution, starts: bool, error: WatchroomError
) -> None:
    text = str(error)
    if not starts:
        record(execution, Progress("running", f"It could not be asked how far it is: {text}"))
    elif getattr(error, "sure", True):
        record(execution, Progress("failed", text))
    elif plugin.is_idempotent(settings) and execution.tries < MOST_TRIES:
        again(execution, text)
    else:
        record(execution, Progress("unknown", text))


def look_at_effects() -> int:
    """Ask the indicators of what was tried, and write to the log what they say."""
    now = clock.now()
    due = MitigationRun.objects.filter(look_at__lte=now).order_by("look_at")
    rows = list(
        due.select_related("mitigation__indicator__connection", "mitigation__indicator__service", "incident")[:5]
    )
    for run in rows:
        # Held for a while, so that no other engine asks the same.
        if MitigationRun.objects.filter(pk=run.pk, look_at=run.look_at).update(look_at=now + LOOK_AGAIN):
            _look(run, now)
    return len(rows)


def _look(run: MitigationRun, now: datetime) -> None:
    found: rules.Effect | None = None
    try:
        found = effect_of(run, now)
    except WatchroomError as error:
        log.info("No effect of run %s: %s", run.pk, error)
    if found is None:
        if now - run.started_at > LOOKED_FOR or run.mitigation is None or run.mitigation.indicator is None:
            MitigationRun.objects.filter(pk=run.pk).update(look_at=None)
        return
    with acting_in(SYSTEM, "mitigation.looked_at", run.incident) as (made, incident):
        fresh = MitigationRun.objects.filter(pk=run.pk, effect="")
        if fresh.update(look_at=None, before=found.before, after=found.after, effect=found.text[:300]):
            write_system(incident, "mitigation.effect", f"{run.title}: {found.text}", {"run": run.pk}, made.at)


duties = [
    Duty("carrying out mitigations", soonest(Execution), carry_out),
    Duty("effects of mitigations", soonest(MitigationRun, "look_at"), look_at_effects),
]
