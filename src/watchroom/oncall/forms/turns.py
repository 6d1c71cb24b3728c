"""People taking turns, as fields of a form."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from ...accounts.models import Membership, Person
from ...kernel.found import held

_WAY_OUT = SafeString(
    '<noscript><button class="button small" name="preview" value="1" formnovalidate formaction="?choices=all">'
    "Choose from lists of all</button></noscript>"
)


@dataclass(frozen=True)
class Offered:
    """Who can take turns: everybody while they are few; of many those who do, and the address that finds the others."""

    people: Sequence[Person] = ()
    own: Collection[int] = ()  # of the team: they stand first
    find: str = ""


def offered(chosen: Iterable[int], team: int | None = None, *, whole: bool = False) -> Offered:
    """Whom all places of a form can be given to, in a few queries. ``whole``: everybody, for a page without a script."""
    people, find = held(Person.objects.filter(is_active=True), [str(each) for each in chosen], whole=whole)
    if find:
        return Offered(people, find=f"{find}&first={team}" if team is not None else find)
    own = set(Membership.objects.filter(team=team).values_list("person", flat=True)) if team is not None else set()
    return Offered(people, own)


class TurnsWidget(forms.Widget):
    """Whose turn it is, in order; people of the same turn stand in the same line: a select for each of them, or, where they
    are looked for, one for all of them."""

    use_fieldset = True
    offered = Offered()
    least = 0  # places to offer at least
    spare = 3  # empty places offered beyond those that are taken
    keeps_place = False  # a line without anybody counts, because it stands beside the turn of the same number
    word = "Turn"

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[list[str]]:
        """The chosen people, turn by turn."""
        read = data.getlist if hasattr(data, "getlist") else lambda key: [data[key]] if key in data else []
        turns = [
            [person for person in read(f"{name}-{number}") if person]
            for number in range(200)
            if f"{name}-{number}" in data
        ]
        if self.keeps_place:
            while turns and not turns[-1]:
                turns.pop()
            return turns
        return [turn for turn in turns if turn]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """Never: no places at all means nobody."""
        return False

    def id_for_label(self, id_: str) -> str:
        """The group has a legend instead."""
        return ""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """A list of lines (`static/oncall/turns.js` lets them be moved)."""
        turns = [list(turn) for turn in (value or [])]
        turns += [[] for _ in range(max(self.spare, self.least - len(turns)))]
        lines = format_html_join(
            "",
            '<li class="row"><span class="place">{}</span>{}</li>',
            ((number + 1, self._turn(name, number, turn)) for number, turn in enumerate(turns)),
        )
        drawn = format_html(
            '<ol class="turns" data-turns="{}" data-word="{}">{}</ol>', name, self.word.capitalize(), lines
        )
        return drawn + _WAY_OUT if self.offered.find else drawn

    def _turn(self, name: str, number: int, turn: list[Any]) -> SafeString:
        if self.offered.find:
            return self._found(name, number, [str(person) for person in turn])
        chosen = [str(person) for person in turn] + [""]
        return format_html_join(
            "",
            '<select class="input" name="{}-{}" aria-label="{} {}, person {}">{}</select>',
            (
                (name, number, self.word.capitalize(), number + 1, place + 1, self._options(person, place))
                for place, person in enumerate(chosen)
            ),
        )

    def _found(self, name: str, number: int, turn: list[str]) -> SafeString:
        names = {str(person.pk): person.name for person in self.offered.people}
        return format_html(
            '<select class="input" id="id_{}-{}" name="{}-{}" multiple size="2" aria-label="{} {}" data-find="{}" data-more="+ together with">{}</select>',
            *(name, number, name, number, self.word.capitalize(), number + 1, self.offered.find),
            format_html_join(
                "",
                '<option value="{}" selected>{}</option>',
                ((person, names.get(person, "Somebody who has left")) for person in turn),
            ),
        )

    def _options(self, chosen: str, place: int) -> SafeString:
        nobody = "–" if place == 0 else "+ together with"
        known = {str(person.pk) for person in self.offered.people}
        gone = (
            format_html('<option value="{}" selected>Somebody who has left</option>', chosen)
            if chosen and chosen not in known
            else SafeString()
        )
        own = [person for person in self.offered.people if person.pk in self.offered.own]
        others = [person for person in self.offered.people if person.pk not in self.offered.own]
        shown = _people(own, chosen) + (
            format_html('<optgroup label="Not in the team">{}</optgroup>', _people(others, chosen))
            if own and others
            else _people(others, chosen)
        )
        return format_html('<option value="">{}</option>{}{}', nobody, gone, shown)


def _people(people: Sequence[Person], chosen: str) -> SafeString:
    return format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        ((person.pk, SafeString(" selected") if str(person.pk) == chosen else "", person.name) for person in people),
    )


class TurnsField(forms.Field):
    """Turns of people's numbers."""

    widget = TurnsWidget

    def to_python(self, value: Any) -> list[list[int]]:
        """Text to numbers."""
        try:
            return [[int(person) for person in turn] for turn in value or []]
        except (TypeError, ValueError):
            raise forms.ValidationError("Choose people from the list.") from None

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compared as numbers."""
        try:
            return [list(map(int, turn)) for turn in initial or []] != self.to_python(data)
        except forms.ValidationError:
            return True
