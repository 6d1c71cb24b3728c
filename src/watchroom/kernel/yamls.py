"""YAML as people write it into a form: what reads it never fails in another way than by saying what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import yaml

WRONG = (yaml.YAMLError, RecursionError, ValueError)  # the last one: a date that is none, such as 2026-13-45


class NotYaml(ValueError):
    """What is wrong, and in which line."""


_MOST_LETTERS = 200_000  # a form may bring millions, and each thousand of them takes some hundredths of a second
_MOST_NODES = 10_000  # of a text with references, when each is counted as what it stands for


class _Loader(yaml.SafeLoader):
    """YAML whose references (``*name``) are few: some lines of them can stand for more than there is memory."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._nodes = 0
        self._weights: dict[int, int] = {}  # of each node that has been read in full, by its identity

    def compose_node(self, parent: Any, index: Any) -> Any:
        refers, before = self.check_event(yaml.AliasEvent), self._nodes
        node = super().compose_node(parent, index)
        if not refers:
            self._nodes += 1
            self._weights[id(node)] = self._nodes - before
            return node
        if id(node) not in self._weights:
            raise yaml.YAMLError("a reference (*name) stands within what it refers to")
        self._nodes += self._weights[id(node)]
        if self._nodes > _MOST_NODES:
            raise yaml.YAMLError("its references (*name) stand for too much")
        return node


# What stands for a time in YAML stays the text that it is, as in JSON.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read(text: str) -> Any:
    """What ``text`` says.

    :raises NotYaml: it can't be read, or is longer than anybody writes.
    """
    if len(text) > _MOST_LETTERS:
        raise NotYaml(f"It has more than {_MOST_LETTERS:,} characters.")
    try:
        return yaml.load(text, _Loader)
    except WRONG as error:
        raise NotYaml(why(error)) from None


def lines_of(text: str) -> Callable[[Sequence[str | int]], int]:
    """Where in ``text``, which can be read, something stands: a function from its place (keys and positions from the
    outside in; what is not there is left out) to its line, counted from 1."""
    top = yaml.compose(text, yaml.SafeLoader)

    def line(place: Sequence[str | int]) -> int:
        here, found = top, top.start_mark.line if top else 0
        for part in place:
            if isinstance(here, yaml.SequenceNode) and isinstance(part, int) and part < len(here.value):
                here = here.value[part]
                found = here.start_mark.line
            elif isinstance(here, yaml.MappingNode):
                for key, value in here.value:
                    if key.value == part:
                        here, found = value, key.start_mark.line
                        break
        return found + 1

    return line


def why(error: BaseException) -> str:
    """In one line, what is wrong."""
    mark = getattr(error, "problem_mark", None)
    where = f" in line {mark.line + 1}" if mark else ""
    problem = getattr(error, "problem", None) or " ".join(str(error).split())[:300] or "it is nested too deeply"
    return f"It can't be read as YAML{where}: {problem}."
