"""The analysing thread encodes nothing, and the pictures stay the very frames."""

import threading
from pathlib import Path

import numpy as np

from tests.unit.evidence.scenes import decided, observed, standing, street, textured
from vision.core.errors import EvidenceError
from vision.core.frame import Frame
from vision.evidence.darkroom import Darkroom
from vision.evidence.pictures import decode
from vision.evidence.store import PackageStore


class Converted:
    """A picture that notes which thread asks for its pixels."""

    def __init__(self, seed: int) -> None:
        self.askers: set[str] = set()
        self._image = textured(seed)
        self.size = (320, 240)

    @property
    def reduced(self) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        return self._image

    def full(self) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        self.askers.add(threading.current_thread().name)
        return self._image


def test_what_the_analysing_thread_shows_is_encoded_elsewhere(tmp_path: Path) -> None:
    pictures = [Converted(seed) for seed in range(12)]
    frames = [
        Frame("gate", index, float(index), street(index).captured_at, picture)
        for index, picture in enumerate(pictures)
    ]
    store = PackageStore(tmp_path)
    for frame in frames:
        standing_by = (standing(frame, f"p{k}") for k in range(frame.index + 1))
        store.observe(observed(frame, *standing_by))
    write = store.capture(
        decided(frames[-1], standing(frames[-1], "p3")),
        observed(frames[-1], standing(frames[-1], "p3")),
    )
    here = threading.current_thread().name
    askers = set().union(*(picture.askers for picture in pictures))
    evidence = write()
    store.close(20)

    assert here not in askers
    first = next(one for one in evidence.artifacts if one.role == "wide_first")
    seen = decode(first.path.read_bytes()).astype(int)
    assert first.frame_index == 3
    assert np.abs(seen - textured(3)).mean() < np.abs(seen - textured(4)).mean() / 4


def test_pictures_are_developed_in_order_and_their_number_is_bounded() -> None:
    developed: list[int] = []
    gate = threading.Event()
    darkroom = Darkroom(lambda _: None)
    brought = []

    def stuck() -> None:
        gate.wait(20)

    darkroom.add(stuck)

    def bring() -> None:
        for number in range(30):
            darkroom.add(lambda n=number: developed.append(n))  # type: ignore[misc]  # bound now
            brought.append(number)

    thread = threading.Thread(target=bring)
    thread.start()
    thread.join(0.2)  # it waits: nobody develops
    waiting = len(brought)
    gate.set()
    thread.join(20)
    darkroom.close(20)

    assert waiting <= 9
    assert developed == list(range(30))


def test_a_picture_that_cannot_be_developed_is_told_and_harms_no_other() -> None:
    failures: list[EvidenceError] = []
    developed: list[str] = []
    darkroom = Darkroom(failures.append)

    def fail() -> None:
        msg = "no picture"
        raise EvidenceError(msg)

    darkroom.add(fail)
    darkroom.add(lambda: developed.append("next"))
    darkroom.close(20)

    assert [str(error) for error in failures] == ["no picture"]
    assert developed == ["next"]
