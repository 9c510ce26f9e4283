"""Watched clips on disk, so that an interrupted evaluation of a long suite goes on."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from vision.evaluation.found import ClipRun
from vision.evaluation.predictions import stamp_of
from vision.evaluation.run_lines import line_of, parse_run
from vision.evaluation.truth import TruthClip

FILE_NAME = "interrupted.jsonl"


@dataclass(frozen=True, slots=True)
class Watched:
    """Who watched; a run goes on only where all of it agrees."""

    config_sha256: str
    model_sha256: str
    engine_version: str


class ClipStore:
    """Keeps finished clips of a run that is not finished.

    `finish` removes the file: a whole run is always watched anew, so that a change of
    the engine's code is never judged by what older code said.
    """

    def __init__(self, folder: Path, watched: Watched) -> None:
        """Open what an interrupted run left, if it was the same run.

        Args:
            folder: exists.
            watched: configuration, model and engine of this run.
        """
        self._path = folder / FILE_NAME
        self._head = json.dumps(asdict(watched))
        self._done: dict[str, ClipRun] = {}
        kept = self._load() if self._path.is_file() else []
        # Written anew without a line that the interruption tore.
        text = "".join(f"{line}\n" for line in [self._head, *kept])
        self._path.write_text(text, encoding="utf-8")

    def __len__(self) -> int:
        return len(self._done)

    def get(self, truth: TruthClip) -> ClipRun | None:
        """Return what was said about a clip before the interruption, or None."""
        return self._done.get(_key(truth)) if self._done else None

    def add(self, truth: TruthClip, run: ClipRun) -> None:
        """Keep one finished clip."""
        line = json.dumps({"clip": _key(truth), "run": line_of(run)})
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(line + "\n")

    def finish(self) -> None:
        """Forget everything: the run is complete."""
        self._path.unlink(missing_ok=True)

    def _load(self) -> list[str]:
        lines = self._path.read_text(encoding="utf-8").splitlines()
        kept: list[str] = []
        if not lines or lines[0] != self._head:
            return kept
        for line in lines[1:]:
            try:
                row = json.loads(line)
                self._done[row["clip"]] = parse_run(row["run"])
            except (ValueError, KeyError, TypeError):
                break  # torn by the interruption: that clip is watched again
            kept.append(line)
        return kept


def _key(truth: TruthClip) -> str:
    """Name a clip with its truth: other zones, events or pictures make it another."""
    digest = hashlib.sha256(truth.path.read_bytes()).hexdigest()
    return f"{truth.path.resolve()} {digest} {stamp_of(truth.clip)}"
