"""Files on their way to the event service."""

import errno
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.unit.sinks.messages import artifact, event
from vision.core.errors import SinkError, SinkUnavailableError
from vision.sinks.client import ServiceClient
from vision.sinks.direct import DirectSink
from vision.sinks.http import HttpReceiver
from vision.sinks.receiver import FileRef, Parcel, RetryLaterError

TUS = {"Tus-Resumable": "1.0.0"}


class Unseen:
    """Nothing was confirmed before."""

    def done(self, _step: str) -> bool:
        return False

    def mark(self, step: str) -> None:
        raise AssertionError(step)


class Service:
    """Takes everything, long files in pieces."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        length = len(request.read())
        self.paths.append(f"{request.method} {request.url.path}")
        if request.url.path.endswith("/uploads"):
            where = {"Location": "/api/v1/uploads/1", "Upload-Offset": "0"}
            return httpx.Response(201, headers=TUS | where)
        if request.method == "PATCH":
            return httpx.Response(204, headers=TUS | {"Upload-Offset": str(length)})
        return httpx.Response(201)


def sink_to(url: str, service: Service) -> DirectSink:
    transport = httpx.MockTransport(service)
    return DirectSink(
        HttpReceiver(ServiceClient(url, api_key="k", transport=transport))
    )


@pytest.mark.parametrize(
    "url", ["http://service", "http://Service.Example", "https://service:443"]
)
def test_a_long_file_goes_in_pieces_however_the_address_is_spelled(
    tmp_path: Path, url: str
) -> None:
    service = Service()
    clip = artifact(tmp_path / "clip.mp4", bytes(300 << 10))
    sink_to(url, service).put(event(artifacts=(clip,)))

    assert service.paths[-1] == "PATCH /api/v1/uploads/1"


def test_a_file_that_cannot_be_read_now_is_not_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Service()
    picture = artifact(tmp_path / "0.jpg", b"0")
    sink = sink_to("http://service", service)
    whole = Path.open

    def exhausted(path: Path, *args: Any, **kwargs: Any) -> Any:
        if path == picture.path:
            raise OSError(errno.EMFILE, "Too many open files")
        return whole(path, *args, **kwargs)

    with monkeypatch.context() as busy:
        busy.setattr(Path, "open", exhausted)
        with pytest.raises(SinkUnavailableError, match="Too many open files"):
            sink.put(event(artifacts=(picture,)))
    sink.put(event(artifacts=(picture,)))

    assert service.paths[-1].endswith("/evidence/0.jpg")


def test_a_file_that_is_gone_holds_up_nothing(tmp_path: Path) -> None:
    service = Service()
    gone = artifact(tmp_path / "0.jpg", b"0")
    gone.path.unlink()
    sink_to("http://service", service).put(event(artifacts=(gone,)))

    assert service.paths == ["POST /api/v1/events"]


@pytest.mark.parametrize("size_bytes", [1_000, 400_000])  # whole, and in pieces
@pytest.mark.parametrize("status", [404, 409])
def test_a_file_whose_event_is_unknown_or_another_is_given_up(
    tmp_path: Path, size_bytes: int, status: int
) -> None:
    def refusing(request: httpx.Request) -> httpx.Response:
        request.read()
        return httpx.Response(status, headers=TUS, text="unknown-event")

    transport = httpx.MockTransport(refusing)
    client = ServiceClient("http://service", api_key="k", transport=transport)
    receiver = HttpReceiver(client)
    clip = FileRef.of(artifact(tmp_path / "clip.mp4", bytes(size_bytes)))

    with pytest.raises(SinkError, match=f"got {status}") as refused:
        receiver.deliver(
            Parcel(1, "evt-1.files.1", "files", "gate", "evt-1", "", (clip,), 8),
            Unseen(),
        )

    # It must hold up nothing behind it.
    assert not isinstance(refused.value, RetryLaterError)
