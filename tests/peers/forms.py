"""A browser without a script: what it would send of a form as it stands."""

from __future__ import annotations

from html.parser import HTMLParser


def sent_by(page: str, form: str = "workflow-form") -> dict[str, list[str]]:
    """The fields of the form with this id, and what stands in them; buttons are left out."""
    reader = _Reader(form)
    reader.feed(page)
    return reader.found


class _Reader(HTMLParser):
    def __init__(self, form: str) -> None:
        super().__init__()
        self._form, self._inside = form, False
        self.found: dict[str, list[str]] = {}
        self._select: str | None = None
        self._first: str | None = None
        self._text: str | None = None

    def _say(self, name: str | None, value: str) -> None:
        if name:
            self.found.setdefault(name, []).append(value)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = said.get("id") == self._form
        if not self._inside:
            return
        if tag == "input" and (said.get("type") not in {"checkbox", "radio"} or "checked" in said):
            self._say(said.get("name"), said.get("value", "on" if said.get("type") == "checkbox" else ""))
        elif tag == "select":
            self._select, self._first = said.get("name"), None
        elif tag == "option" and self._select:
            if "selected" in said:
                self._say(self._select, said.get("value", ""))
                self._first = None
                self._select = None
            elif self._first is None:
                self._first = said.get("value", "")
        elif tag == "textarea":
            self._text = said.get("name")
            self._say(self._text, "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "select":
            if self._select and self._first is not None:
                self._say(self._select, self._first)
            self._select = None
        elif tag == "textarea":
            self._text = None

    def handle_data(self, data: str) -> None:
        if self._text:
            self.found[self._text][-1] += data
