"""What all truth files have in common: strict entries, each fault with its line."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from vision.core.expected import mistake
from vision.evaluation.json_lines import Item, LabelError, read_object
from vision.evaluation.problems import Problems


class Strict(BaseModel):
    """An entry of a truth file: an unknown key is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


_Entry = TypeVar("_Entry", bound=Strict)


def read_entries(
    path: Path, problems: Problems, *, other: str, told: str
) -> dict[str, list[Item] | Item] | None:
    """Read a truth file's keys, or tell why it cannot be used and return None.

    Args:
        path: the file.
        problems: told.
        other: a key that only a truth of the other kind has.
        told: what that one tells of and which command judges it.
    """
    try:
        entries = read_object(path)
    except LabelError as error:
        problems.add(path, None, str(error))
        return None
    if other in entries:
        problems.add(path, None, f"tells of {told}; the file is left out")
        return None
    return entries


def split(
    entries: Mapping[str, list[Item] | Item],
    names: Collection[str],
    path: Path,
    problems: Problems,
) -> tuple[dict[str, object], dict[str, list[Item]]]:
    """Return a file's head and its lists.

    Args:
        entries: of `read_object`.
        names: which keys hold lists; one that is missing is empty.
        path: the file.
        problems: told of one that holds none.
    """
    head: dict[str, object] = {}
    lists: dict[str, list[Item]] = {name: [] for name in names}
    for key, entry in entries.items():
        if key not in lists:
            head[key] = (
                [item.value for item in entry]
                if isinstance(entry, list)
                else entry.value
            )
        elif isinstance(entry, list):
            lists[key] = entry
        else:
            text = f"{key}: got {type(entry.value).__name__}, expected a list"
            problems.add(path, entry.line, text)
    return head, lists


def checked_head(
    model: type[_Entry], head: object, path: Path, problems: Problems, then: str
) -> _Entry | None:
    """Return a file's head, or tell why it is none and what then."""
    try:
        return model.model_validate(head)
    except ValidationError as error:
        problems.add(path, None, f"{in_words(error)}; {then}")
        return None


def checked(
    model: type[_Entry],
    items: Iterable[Item],
    path: Path,
    problems: Problems,
    then: str = "left out",
) -> list[_Entry]:
    """Return the entries that are what they must be.

    Args:
        model: what they must be.
        items: of one list.
        path: the file.
        problems: told of each that is not, with its line.
        then: what becomes of it.
    """
    good = []
    for item in items:
        try:
            good.append(model.model_validate(item.value))
        except ValidationError as error:
            problems.add(path, item.line, f"{in_words(error)}; {then}")
    return good


def in_words(error: ValidationError) -> str:
    """Return what is wrong with an entry in one line."""
    return "; ".join(mistake(fault) for fault in error.errors())


def other_clip(clip: Path, sha256: str | None) -> str | None:
    """Return why a video is not the one that was labelled, or None if it is.

    Args:
        clip: the video.
        sha256: of the labelled one, hex, or None when the labeller gave none.
    """
    if not clip.is_file():
        return f"clip {clip} not found; put the video beside its truth file"
    if sha256 is None:
        return None
    with clip.open("rb") as stream:
        got = hashlib.file_digest(stream, "sha256").hexdigest()
    if got == sha256:
        return None
    return (
        f"sha256: the truth is for another clip ({sha256[:12]}…), "
        f"{clip.name} has {got[:12]}…; label this clip or restore that one"
    )
