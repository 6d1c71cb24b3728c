"""YAML with the line of every value, all scalars as text. Pure.

Alertmanager reads ``09:00`` and ``1:5`` as text, YAML 1.1 as numbers to the base of sixty: hence no guessing of types.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from ...kernel.errors import Refused

_MOST_VALUES = 200_000


@dataclass
class Value:
    """A value with its place: ``data`` is a text, a list of values, or values by name."""

    data: str | list[Value] | dict[str, Value]
    line: int
    path: str = ""

    @property
    def text(self) -> str:
        """:raises Refused: it is not a text."""
        if not isinstance(self.data, str):
            raise self.refused("Here a text is expected.", "Write one value.")
        return self.data

    @property
    def items(self) -> list[Value]:
        """Its entries; none of an empty one.

        :raises Refused: it is not a list.
        """
        if self.data == "":
            return []
        if not isinstance(self.data, list):
            raise self.refused("Here a list is expected.", "Begin each entry with a dash.")
        return self.data

    @property
    def fields(self) -> dict[str, Value]:
        """What it states, by name; nothing of an empty one.

        :raises Refused: it is not a mapping.
        """
        if self.data == "":
            return {}
        if not isinstance(self.data, dict):
            raise self.refused("Here names with values are expected.", "Write name: value.")
        return self.data

    @property
    def yes(self) -> bool:
        return self.text.lower() in {"true", "yes", "on"}

    def plain(self) -> Any:
        """Without places."""
        if isinstance(self.data, list):
            return [each.plain() for each in self.data]
        if isinstance(self.data, dict):
            return {name: each.plain() for name, each in self.data.items()}
        return self.data

    def refused(self, message: str, fix: str) -> Refused:
        shown = self.data if isinstance(self.data, str) else ""
        return Refused(f"Line {self.line}: {message}", field=self.path, value=shown[:100], fix=fix)


@dataclass
class _Reader:
    left: int = _MOST_VALUES
    open: list[yaml.Node] = field(default_factory=list)

    def read(self, node: yaml.Node, path: str) -> Value:
        self.left -= 1
        line = node.start_mark.line + 1
        if self.left < 0 or any(node is each for each in self.open):
            raise Refused("The file is too large.", field=path, value=f"line {line}", fix="Use fewer aliases.")
        self.open.append(node)
        try:
            if isinstance(node, yaml.SequenceNode):
                entries = [self.read(each, f"{path}[{number}]") for number, each in enumerate(node.value)]
                return Value(entries, line, path)
            if isinstance(node, yaml.MappingNode):
                return Value(dict(self._pairs(node, path)), line, path)
            bare = isinstance(node, yaml.ScalarNode) and node.style is None and node.value in {"null", "~"}
            return Value("" if bare else str(node.value), line, path)
        finally:
            self.open.pop()

    def _pairs(self, node: yaml.MappingNode, path: str) -> Iterator[tuple[str, Value]]:
        for key, value in node.value:  # what is merged counts less than what is stated
            if key.value == "<<":
                merged = value.value if isinstance(value, yaml.SequenceNode) else [value]
                for each in reversed(merged):
                    if isinstance(each, yaml.MappingNode):
                        yield from self._pairs(each, path)
        for key, value in node.value:
            if key.value != "<<":
                name = str(key.value)
                yield name, self.read(value, f"{path}.{name}" if path else name)


def read(text: str) -> Value:
    """A document.

    :raises Refused: it is not YAML, or not a mapping.
    """
    try:
        node = yaml.compose(text, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise Refused(
            "That is not YAML.", field="file", value=text[:40], fix=" ".join(str(error).split())[:300] or "Mend it."
        ) from None
    if node is None:
        raise Refused("The file is empty.", field="file", value="", fix="Give an alertmanager.yml.")
    try:
        found = _Reader().read(node, "")
    except RecursionError:
        raise Refused("The file is too deep.", field="file", value=text[:40], fix="Give an alertmanager.yml.") from None
    found.fields  # noqa: B018  (refuses what is not a mapping)
    return found


def stated(fields: Mapping[str, Value], name: str) -> Value:
    """The value of a name; an empty one where it is not stated."""
    return fields.get(name) or Value("", 0, name)
