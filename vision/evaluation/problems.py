"""Everything wrong with the input, each with its file and line."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that could not be used, or only in part.

    Attributes:
        path: the file at fault.
        line: 1-based line, or None where the file has none (a picture, a folder).
        text: what was found, what was expected, what happened instead.
        lost: how many items (boxes, pictures, events) were left out for it.
    """

    path: Path
    line: int | None
    text: str
    lost: int = 1

    @property
    def located(self) -> str:
        """Return `file:line: text`, the form that editors jump to."""
        where = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{where}: {self.text}"


@dataclass(eq=False, slots=True)
class Problems:
    """Collects problems while reading goes on.

    The list is bounded by its owner's input: one entry per faulty item at most.

    Attributes:
        items: in the order in which they were met.
        unread: files whose items are not even known, so that none can be named.
    """

    items: list[Problem] = field(default_factory=list)
    unread: int = 0

    def add(self, path: Path, line: int | None, text: str, *, lost: int = 1) -> None:
        """Note one problem.

        Args:
            path: the file at fault.
            line: 1-based, or None.
            text: got, expected, and what is done about it.
            lost: items left out because of it.
        """
        self.items.append(Problem(path, line, text, lost))

    @property
    def lost(self) -> int:
        """How many items were left out in all."""
        return sum(problem.lost for problem in self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Problem]:
        return iter(self.items)
