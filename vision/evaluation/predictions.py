"""Detections on disk, one line per picture, so that an interrupted run goes on."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

import numpy as np

from vision.core.detections import Detections
from vision.core.errors import VisionError

FILE_NAME = "predictions.jsonl"


class PredictionsError(VisionError):
    """Stored predictions belong to another run or cannot be read."""


@dataclass(frozen=True, slots=True)
class Header:
    """Whose predictions these are; a run goes on only where all of it agrees.

    Attributes:
        model_id: `name/version`.
        model_sha256: hex digest of the model file.
        labels: the detector's classes; `class_id` points into them.
        pictures: the data set as the user named it.
        min_score: detections below were not kept.
        how: what else changes detections: runtime, input size.
        schema: version of this format.
    """

    model_id: str
    model_sha256: str
    labels: tuple[str, ...]
    pictures: str
    min_score: float
    how: str = ""
    schema: int = 1


@dataclass(frozen=True, eq=False, slots=True)
class Prediction:
    """What the model said about one picture.

    Attributes:
        key: the picture's key.
        said: its detections; None when the picture could not be decoded.
        fault: why not, or None.
        detect_s: the model's share of the time, seconds.
    """

    key: str
    said: Detections | None
    fault: str | None = None
    detect_s: float = 0.0


class PredictionStore:
    """Appends predictions; reads back what an earlier run wrote."""

    def __init__(
        self, folder: Path, header: Header, stamps: Mapping[str, str] | None = None
    ) -> None:
        """Open or begin the file.

        Args:
            folder: exists.
            header: of this run.
            stamps: of `stamp_of`, by picture key: what was said about a picture that
                has another one now does not count as done. None: pictures never change.

        Raises:
            PredictionsError: the file is of another model or data set, or broken.
        """
        self._path = folder / FILE_NAME
        self._header = header
        self._stamps = stamps or {}
        self.done: dict[str, Prediction] = {}
        end = 0
        if self._path.is_file():
            end = self._load()
        self._stream: TextIO = self._path.open("a", encoding="utf-8")
        self._stream.truncate(end)
        if end == 0:
            self._append(json.dumps(asdict(header), ensure_ascii=False))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stream.close()

    def add(self, prediction: Prediction) -> None:
        """Keep one prediction; after return it survives a killed process."""
        self._append(line_of(prediction, self._stamps.get(prediction.key)))
        self.done[prediction.key] = prediction

    def _append(self, line: str) -> None:
        self._stream.write(line + "\n")
        self._stream.flush()

    def _load(self) -> int:
        """Return the length of the usable part: a torn last line is cut off."""
        end = 0
        for number, line in enumerate(_lines(self._path), 1):
            try:
                if number == 1:
                    self._check(json.loads(line))
                else:
                    prediction = parse_line(line)
                    stamp = self._stamps.get(prediction.key)
                    if stamp is None or json.loads(line).get("picture") == stamp:
                        self.done[prediction.key] = prediction
            except (ValueError, KeyError, TypeError) as error:
                msg = (
                    f"{self._path}:{number}: not a prediction ({error}); delete the "
                    "file to begin anew"
                )
                raise PredictionsError(msg) from error
            end += len(line.encode("utf-8"))
        return end

    def _check(self, row: Mapping[str, object]) -> None:
        mine = json.loads(json.dumps(asdict(self._header)))
        other = sorted(key for key in mine if row.get(key) != mine[key])
        if other:
            msg = (
                f"{self._path}: holds another run (differs in {', '.join(other)}); "
                "choose another --out, or delete the file to begin anew"
            )
            raise PredictionsError(msg)


def read_predictions(path: Path) -> dict[str, Prediction]:
    """Return stored predictions by picture key.

    Args:
        path: a `predictions.jsonl`.

    Raises:
        PredictionsError: a whole line is broken.
    """
    found = {}
    for number, line in enumerate(_lines(path), 1):
        if number == 1:
            continue
        try:
            prediction = parse_line(line)
        except (ValueError, KeyError, TypeError) as error:
            msg = f"{path}:{number}: not a prediction ({error}); run the model again"
            raise PredictionsError(msg) from error
        found[prediction.key] = prediction
    return found


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8", newline="\n") as stream:
        yield from (line for line in stream if line.endswith("\n"))


def stamp_of(picture: Path) -> str:
    """Return what changes with a picture: its length in bytes and when it was written.

    Empty where there is no such file.
    """
    try:
        state = picture.stat()
    except OSError:
        return ""
    return f"{state.st_size} {state.st_mtime_ns}"


def line_of(prediction: Prediction, stamp: str | None = None) -> str:
    """Return one prediction as one line of JSON, without its end of line.

    Args:
        prediction: of one picture.
        stamp: of that picture, or None where it does not matter.
    """
    said = prediction.said
    row: dict[str, object] = {"key": prediction.key}
    if stamp is not None:
        row["picture"] = stamp
    if said is None:
        row["fault"] = prediction.fault
    else:
        # float32 -> float -> shortest decimal -> float32 gives the same bits.
        row |= {
            "xyxy": said.xyxy.tolist(),
            "score": said.score.tolist(),
            "class_id": said.class_id.tolist(),
            "detect_s": round(prediction.detect_s, 6),
        }
    return json.dumps(row, ensure_ascii=False)


def parse_line(line: str) -> Prediction:
    """Return what `line_of` wrote.

    Raises:
        ValueError: not JSON, or columns that disagree.
        KeyError: a column is missing.
        TypeError: a column is of the wrong kind.
    """
    row = json.loads(line)
    key = row["key"]
    if not isinstance(key, str):
        msg = f"key: got {key!r}, expected text"
        raise TypeError(msg)
    if "fault" in row:
        return Prediction(key, None, str(row["fault"]))
    said = Detections(
        np.array(row["xyxy"], np.float32).reshape(-1, 4),
        np.array(row["score"], np.float32).reshape(-1),
        np.array(row["class_id"], np.int64).reshape(-1),
    )
    seconds = row.get("detect_s", 0.0)
    return Prediction(
        key, said, detect_s=seconds if isinstance(seconds, int | float) else 0.0
    )
