"""What the API is sent and does not know is refused, never left out without a word: a misspelt key would be a wish that
nobody hears. Here for every operation at once; a schema says ``extra="ignore"`` where its senders may know more than we do.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Sequence
from typing import Any

from django.http import HttpRequest
from ninja import Router
from pydantic import BaseModel

from ..kernel.asked import sounds_secret
from ..kernel.errors import Refused
from ..kernel.known import schemas_in, suggestion
from . import HELP

ANSWERED = f"Leave it out here; what changes it is an operation of its own: see {HELP}."


def refuse_unknown(router: Router) -> None:
    """Have all operations of ``router``, and of those below it, refuse keys of bodies and parameters of queries that they
    do not know. To be called when all have been added."""
    for path, view in router.path_operations.items():
        for operation in view.operations:
            queries = [model for model in operation.models if model.__ninja_param_source__ == "query"]
            for model in queries:
                _close_query(model)
            if not queries:
                _take_no_query(operation)
            for model in operation.models:
                if model.__ninja_param_source__ == "body":
                    _close(model)
                    if {"PUT", "PATCH"} & set(operation.methods):
                        answers = [
                            part for each in operation.response_models.values() if each for part in _schemas_of(each)
                        ]
                        _let_answers_back_in(model, answers, router, path, whole="PUT" in operation.methods)
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
        yield from schemas_in(field.annotation)


def _let_answers_back_in(
    model: Any, answers: Sequence[type[BaseModel]], router: Router, path: str, *, whole: bool
) -> None:
    """Whoever reads a thing, changes a word and writes it back as a ``whole`` sends what only answers have, such as its
    number: that is no mistake as long as it is what is stored. Whatever else it is would be a wish that nobody hears, and is
    refused by name. Where only what is given changes, each key is a wish; but what is given is itself written as a whole."""
    read = model.get_request_data
    [(name, field)] = model.model_fields.items()
    schemas = list(schemas_in(field.annotation))

    def get_request_data(request: HttpRequest, api: Any, path_params: Any) -> Any:
        data = read(request, api, path_params)
        if not data:
            return data
        if not whole:
            _refuse_answered(data[name], schemas, answers)
        without = _without_answered(data[name], schemas, answers)
        if without != data[name] and (there := _stored(router, path, request, api, path_params)) is not None:
            _refuse_other(data[name], there, schemas, answers)
        return {name: without}

    model.get_request_data = get_request_data


def _stored(router: Router, path: str, request: HttpRequest, api: Any, path_params: dict[str, Any]) -> Any:
    """The thing at ``path`` as it is answered now: by its own address, else among those of the address above. None: it is not there,
    or not to be seen, which the operation itself will say."""
    status, said = _answer(router, path, request, api, path_params)
    if status is not None:
        return said if status == 200 else None
    above, _, last = path.rpartition("/")
    own = last.strip("{}").rpartition(":")[2]
    known = dict(list(path_params.items())[-1:])
    rest = {key: value for key, value in path_params.items() if key != own}
    status, said = _answer(router, above, request, api, rest)
    rows = said.get("items") if isinstance(said, dict) else said
    for row in rows if status == 200 and isinstance(rows, list) else ():
        if isinstance(row, dict) and all(str(row.get(key)) == str(value) for key, value in known.items()):
            return row
    return {key: int(value) if str(value).isdecimal() else value for key, value in known.items()}


def _answer(
    router: Router, path: str, request: HttpRequest, api: Any, path_params: dict[str, Any]
) -> tuple[int | None, Any]:
    """What GET answers at ``path``; no status: there is no such operation."""
    view = router.path_operations.get(path)
    found = next((each for each in view.operations if "GET" in each.methods), None) if view else None
    if found is None:
        return None, None
    asked = found.clone()
    asked.api = api
    answer: Any = asked.run(request, **path_params)
    return answer.status_code, json.loads(answer.content) if answer.status_code == 200 else None


def _refuse_other(
    said: Any, there: Any, schemas: Sequence[type[BaseModel]], answers: Sequence[type[BaseModel]], at: str = ""
) -> None:
    """:raises Refused: ``said`` has a key that only answers have, and not with the value that it has there."""
    if isinstance(said, list):
        others = there if isinstance(there, list) else []
        for number, each in enumerate(said):
            _refuse_item(each, others, schemas, answers, f"{at}{number}.")
        return
    if not isinstance(said, dict) or not schemas:
        return
    known, answered = _fields_of(schemas), _fields_of(answers)
    stored = there if isinstance(there, dict) else {}
    for name, value in said.items():
        if name in known:
            _refuse_other(value, stored.get(name), known[name], answered.get(name, ()), f"{at}{name}.")
        elif name in answered and (name not in stored or stored[name] != value):
            raise _not_changed_here(f"{at}{name}", value, stored.get(name))


def _not_changed_here(field: str, value: Any, stored: Any = None) -> Refused:
    hidden = sounds_secret(field)
    shown, now = ("" if hidden or isinstance(each, dict | list | type(None)) else str(each) for each in (value, stored))
    return Refused(
        "That is not changed here.",
        field=field,
        value=shown or None,
        fix=f"It is {now} now: read it again, or leave it out." if now else ANSWERED,
    )


def _refuse_item(
    said: Any, others: Sequence[Any], schemas: Sequence[type[BaseModel]], answers: Sequence[type[BaseModel]], at: str
) -> None:
    """Items may have come into another order, and new ones between them: each is as one that is there, whichever."""
    refused: Refused | None = None
    for other in others or [None]:
        try:
            return _refuse_other(said, other, schemas, answers, at)
        except Refused as error:
            refused = refused or error
    if refused is not None:
        raise refused


def _refuse_answered(said: Any, schemas: Sequence[type[BaseModel]], answers: Sequence[type[BaseModel]]) -> None:
    known, answered = _fields_of(schemas), _fields_of(answers)
    for name, value in said.items() if isinstance(said, dict) else ():
        if name in answered and name not in known:
            raise _not_changed_here(name, value)


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
            found.setdefault(name, []).extend(schemas_in(field.annotation))
    return found


def _close_query(model: Any) -> None:
    known = sorted(model.__ninja_flatten_map__)
    read = model.get_request_data

    def get_request_data(request: HttpRequest, api: Any, path_params: Any) -> Any:
        _refuse_parameters(request, known)
        return read(request, api, path_params)

    model.get_request_data = get_request_data


def _take_no_query(operation: Any) -> None:
    do = operation.view_func

    @functools.wraps(do)
    def without_query(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        _refuse_parameters(request, ())
        return do(request, *args, **kwargs)

    operation.view_func = without_query


def _refuse_parameters(request: HttpRequest, known: Sequence[str]) -> None:
    for name, value in request.GET.items():
        if name not in known:
            shown = None if sounds_secret(name) else value
            fix = suggestion(name, known) if known else "Leave it out: this takes no parameters."
            raise Refused("There is no such parameter.", field=name, value=shown, fix=fix)
