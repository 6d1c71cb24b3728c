"""A page as files: what `watchroom statuspage export` writes and what is pushed to storage."""

from __future__ import annotations

from pathlib import Path

from ...kernel import clock
from ...kernel.errors import Refused
from ..models import StatusPage
from ..queries import view
from ..rules import LANGUAGES
from .documents import PATHS, Document, Place, make


def files(page: StatusPage) -> dict[str, Document]:
    """Every file of a page by its path: every document, and the page once more in each language."""
    shown = view(page, clock.now())
    found = {path or "index.html": make(shown, path, Place(is_file=True)) for path in PATHS}
    for language in LANGUAGES:
        found[f"index.{language}.html"] = make(shown, "", Place(is_file=True, language=language))
    return {path: made for path, made in found.items() if made is not None}


def write(page: StatusPage, directory: Path) -> list[str]:
    """Write all files of a page below ``directory``, each whole or not at all. Returns their paths.

    :raises Refused: the directory can't be written.
    """
    made = files(page)
    try:
        for path, document in made.items():
            target = directory / path
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(f".{target.name}.part")
            part.write_bytes(document.body)
            part.replace(target)
    except OSError as error:
        raise Refused(
            f"{directory} can't be written.", field="directory", value=str(directory), fix=f"{error}."
        ) from None
    return sorted(made)
