"""A configuration mistake, said so that a person can mend it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vision.core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake.

    Attributes:
        path: dotted path from the root, e.g. `cameras.0.zones.1.polygon`.
        line: line in the file, from 1; None when the key is missing altogether.
        got: what stands there, shortened; None where `expected` says it.
        expected: what should.
    """

    path: str
    line: int | None
    got: str | None
    expected: str

    def text(self) -> str:
        """Return the mistake as one line."""
        where = "" if self.line is None else f" (line {self.line})"
        got = "" if self.got is None else f"got {self.got}; "
        return f"{self.path or 'the file'}{where}: {got}{self.expected}"


class InvalidConfigError(ConfigError):
    """A configuration file with all of its mistakes."""

    def __init__(self, file: Path, problems: Sequence[Problem]) -> None:
        self.file = file
        self.problems = tuple(problems)
        lines = "\n".join(f"  {problem.text()}" for problem in problems)
        count = len(problems)
        noun = "mistake" if count == 1 else "mistakes"
        super().__init__(f"{file}: {count} {noun}\n{lines}")
