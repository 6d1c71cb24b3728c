"""What the API is sent and does not know is refused, never left out without a word: a misspelt key would be a wish that
nobody hears. Here for every operation at once; a schema says ``extra="ignore"`` where its senders may know more than we do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from django.http import HttpRequest
from ninja import Router
from pydantic import BaseModel

from ..kernel.errors import Refused

UNKNOWN = "There is no such setting here: check how it is written, or leave it out."
ANSWERED = "Leave it out here; what changes it is an operation of its own: see /api/v1/openapi.json."


def refuse_unknown(router: Router) -> None:
    """Have all operations of ``router``, and of those below it, refuse keys of bodies and parameters of queries that they
    do not know. To be called when all have been added."""
    for view in router.path_operations.values():
        for operation in view.operations:
            for model in operation.models:
                if model.__ninja_param_source__ == "body":
                    _close(model)
                    if {"PUT", "PATCH"} & set(operation.methods):
                        answers = [
                            part for each in operation.response_models.values() if each for part in _schemas_of(each)
                        ]
                        _let_answers_back_in(model, answers, whole="PUT" in operation.methods)
                elif model.__ninja_param_source__ == "query":
                    _close_query(model)
    for _, below, *_ in router._routers:
        refuse_unknown(below)


_closed: set[type[BaseModel]] = set()


def _close(model: type[BaseModel]) -> None:
    """Close the schemas of which ``model`` is made, then ``model``: Pydantic builds those in, so that their order counts."""
    if model in _closed:
        return
    _closed.add(model)
    for part in _schemas_of(model):
        _close(part)
    if not hasattr(model, "__ninja_param_source__"):
        model.model_config.setdefault("extra", "forbid")
    model.model_rebuild(force=True)


def _schemas_of(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for field in model.model_fields.values():
        yield from _schemas_in(field.annotation)


def _schemas_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _schemas_in(part)


def _let_answers_back_in(model: Any, answers: Sequence[type[BaseModel]], *, whole: bool) -> None:
    """Whoever reads a thing, changes a word and writes it back as a ``whole`` sends what only answers have, such as its
    number: that is no mistake, and is left alone. Where only what is given changes, it is a wish, and refused; but what is
    given is itself written as a whole."""
    read = model.get_request_data
    [(name, field)] = model.model_fields.items()
    schemas = list(_schemas_in(field.annotation))

    def get_request_data(request: HttpRequest, api: Any, path_params: Any) -> Any:
        data = read(request, api, path_params)
        if data and not whole:
            _refuse_answered(data[name], schemas, answers)
        return data and {name: _without_answered(data[name], schemas, answers)}

    model.get_request_data = get_request_data


def _refuse_answered(said: Any, schemas: Sequence[type[BaseModel]], answers: Sequence[type[BaseModel]]) -> None:
    known, answered = _fields_of(schemas), _fields_of(answers)
    for name, value in said.items() if isinstance(said, dict) else ():
        if name in answered and name not in known:
            shown = None if isinstance(value, dict | list) else value
            raise Refused("That is not changed here.", field=name, value=shown, fix=ANSWERED)


def _without_answered(said: Any, schemas: Sequence[type[BaseModel]], answers: Sequence[type[BaseModel]]) -> Any:
    """``said`` without keys that ``answers`` have and ``schemas`` have not."""
    if isinstance(said, list):
        return [_without_answered(each, schemas, answers) for each in said]
    if not isinstance(said, dict) or not schemas:
        return said
    known, answered = _fields_of(schemas), _fields_of(answers)
    return {
        name: _without_answered(value, known.get(name, ()), answered.get(name, ()))
        for name, value in said.items()
        if name in known or name not in answered
    }


def _fields_of(schemas: Sequence[type[BaseModel]]) -> dict[str, list[type[BaseModel]]]:
    """The keys of these, each with the schemas of what stands there."""
    found: dict[str, list[type[BaseModel]]] = {}
    for schema in schemas:
        for name, field in schema.model_fields.items():
            found.setdefault(name, []).extend(_schemas_in(field.annotation))
    return found


def _close_query(model: Any) -> None:
    known = sorted(model.__ninja_flatten_map__)
    read = model.get_request_data

    def get_request_data(request: HttpRequest, api: Any, path_params: Any) -> Any:
        for name in request.GET:
            if name not in known:
                raise Refused(
                    "There is no such parameter.", field=name, value=request.GET[name], fix=suggestion(name, known)
                )
        return read(request, api, path_params)

    model.get_request_data = get_request_data


def suggestion(name: str, known: Sequence[str]) -> str:
    """What to do about a name that nobody knows."""
    near = get_close_matches(name, known, n=1)
    if near:
        return f"Did you mean {near[0]}?"
    return f"Use {', '.join(known)}, or leave it out." if 0 < len(known) <= 12 else UNKNOWN


def known_at(model: type[BaseModel], place: Sequence[str | int]) -> list[str]:
    """The keys that are known where, within a body of ``model``, something unknown stands (``place``, as Pydantic says it:
    keys, positions, and the names of those among which there is a choice)."""
    here = [model]
    for part in place[:-1]:
        fields = [each.model_fields[part] for each in here if isinstance(part, str) and part in each.model_fields]
        chosen = [each for each in here if each.__name__ == part]
        here = [schema for field in fields for schema in _schemas_in(field.annotation)] or chosen or here
    return sorted({name for each in here for name in each.model_fields})
