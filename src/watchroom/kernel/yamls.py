"""YAML as people write it into a form: what reads it never fails in another way than by saying what is wrong."""

from __future__ import annotations

from typing import Any

import yaml

WRONG = (yaml.YAMLError, RecursionError, ValueError)  # the last one: a date that is none, such as 2026-13-45


class NotYaml(ValueError):
    """What is wrong, and in which line."""


class _Loader(yaml.SafeLoader):
    """YAML without references: a few lines of them can stand for more than there is memory."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("references (*name) are not accepted")
        return super().compose_node(parent, index)


# What stands for a time in YAML stays the text that it is, as in JSON.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read(text: str) -> Any:
    """What ``text`` says.

    :raises NotYaml: it can't be read.
    """
    try:
        return yaml.load(text, _Loader)
    except WRONG as error:
        raise NotYaml(why(error)) from None


def why(error: BaseException) -> str:
    """In one line, what is wrong."""
    mark = getattr(error, "problem_mark", None)
    where = f" in line {mark.line + 1}" if mark else ""
    problem = getattr(error, "problem", None) or " ".join(str(error).split())[:300] or "it is nested too deeply"
    return f"It can't be read as YAML{where}: {problem}."
