"""Making what is there into what is wanted, through the packages' own commands, in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction

from ..accounts.actors import Actor
from ..intake.journal import tidy
from ..kernel.errors import WatchroomError
from .current import read
from .difference import State, Step, plan
from .finding import find
from .kinds import KINDS
from .saying import Past, with_defaults
from .schema import KEYS, Document, defaults, state_of

Fields = dict[str, Any]


def preview(document: Document, *, prune: bool = False) -> list[Step]:
    """What applying ``document`` would do."""
    current = read()
    return _planned(Past.of(document), document, current, prune)[1]


def left_alone(document: Document) -> list[str]:
    """What its source said before and ``document`` says no more, and what is there still: it stays, unless applied with ``prune``."""
    past = Past.of(document)
    return past.left(read()) if past.own else []


def _planned(past: Past, document: Document, current: State, prune: bool) -> tuple[State, list[Step]]:
    said = state_of(document)
    wanted = _completed(with_defaults(said, past.taken_back()) if prune else said, current)
    return wanted, plan(current, wanted, prune=prune, may_go=past.may_go)


def rehearse(by: Actor, document: Document, *, prune: bool = False) -> list[Step]:
    """What applying ``document`` would do: it is applied, and all of it taken back.

    :raises WatchroomError: it would be refused, just so.
    """
    try:
        with transaction.atomic():
            steps, _ = _apply(by, document, prune)
            transaction.set_rollback(True)
    finally:
        tidy()
    return steps


def apply(by: Actor, document: Document, *, prune: bool = False) -> tuple[list[Step], dict[str, str]]:
    """Apply ``document``: all of it, or nothing. Returns what was done, and the keys of new integrations, and secrets of new
    webhooks, by slug.

    :raises WatchroomError: something is not accepted; names the thing, the field, the value and the fix.
    """
    try:
        return _apply(by, document, prune)
    except Exception:
        tidy()
        raise


def _apply(by: Actor, document: Document, prune: bool) -> tuple[list[Step], dict[str, str]]:
    keys: dict[str, str] = {}
    with transaction.atomic():
        current = read()
        past = Past.of(document)
        wanted, steps = _planned(past, document, current, prune)
        linked: list[tuple[Step, Fields, Fields]] = []
        for step in steps:
            with _told_of(step):
                kind, there = KINDS[step.kind], current.get(step.kind, {}).get(step.key, {})
                thing = None if step.verb == "create" else find(step.kind, step.key)
                if step.verb == "delete":
                    kind.delete(by, thing)
                    continue
                fields = {**defaults(step.kind), **there, **wanted[step.kind][step.key]}
                if kind.link:
                    linked.append((step, fields, there))
                key = kind.save(by, thing, {**fields}, find)
                if isinstance(key, str):
                    keys[step.key if step.kind == "integrations" else f"{step.kind} {step.key}"] = key
        for step, fields, there in linked:
            with _told_of(step):
                if link := KINDS[step.kind].link:
                    link(by, find(step.kind, step.key), fields, there, find)
        past.remember(read() if steps else current, prune=prune)
    return steps, keys


@contextmanager
def _told_of(step: Step) -> Iterator[None]:
    """What is refused names the thing in the file as well."""
    try:
        yield
    except WatchroomError as error:
        error.field = f"{step.kind}[{step.key}].{error.field}".rstrip(".")
        raise


def _completed(wanted: State, current: State) -> State:
    """In the order in which things can be made, each in the form in which it is read back."""
    ordered = {kind: wanted[kind] for kind in KEYS if kind in wanted}
    for kind in ordered:
        if complete := KINDS[kind].complete:
            complete(ordered, current)
    return ordered
