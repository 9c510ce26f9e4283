"""Sends a long file so that a broken line costs no more than what was on the line.

Speaks tus 1.0.0 (https://tus.io), core and creation. The receiver knows how far a file
has come, so nothing is remembered here: not over a break, not over a crash.
"""

import base64
import logging
from collections.abc import Iterator
from pathlib import Path

import httpx

from vision.sinks.client import API, ServiceClient, chunks_of, has_it
from vision.sinks.receiver import FileRef, RetryLaterError

log = logging.getLogger(__name__)

RESUMABLE_BYTES = 256 << 10  # shorter files go whole: sending again is no loss
_PIECE_BYTES = 4 << 20  # a proxy may hold a whole request back: it loses one piece
_ASK_AGAIN_S = 3600.0  # a service that cannot may have been brought up to date
_VERSION = {"Tus-Resumable": "1.0.0"}
_NOT_SPOKEN = {404, 405, 501}


class ResumableUploads:
    """Long files for one receiver, if it can take them in pieces."""

    def __init__(self, client: ServiceClient) -> None:
        """Send over this connection."""
        self._client = client
        self._ask_at_s = 0.0

    def put(self, event_id: str, file: FileRef) -> httpx.Response | None:
        """Send a file, from where it broke off if it did.

        Returns:
            The answer to the last request, whatever its status; None when the file is
            to be sent whole, because it is short or the receiver takes no pieces.

        Raises:
            RetryLaterError: unreachable, too slow, or the pieces do not fit.
            OSError: the file cannot be read.
        """
        now_s = self._client.clock.monotonic_s()
        if file.size_bytes < RESUMABLE_BYTES or now_s < self._ask_at_s:
            return None
        begun = self._begin(event_id, file)
        if "Tus-Resumable" not in begun.headers and begun.status_code in _NOT_SPOKEN:
            log.info("%s takes no files in pieces; they go whole", self._client.name)
            self._ask_at_s = now_s + _ASK_AGAIN_S
            return None
        if not begun.is_success:
            return begun
        return self._go_on(begun, file)

    def _begin(self, event_id: str, file: FileRef) -> httpx.Response:
        said = {
            "event_id": event_id,
            "filename": file.name,
            "filetype": file.media_type,
            "sha256": file.sha256,
            "role": file.role,
        }
        pairs = (
            f"{key} {base64.b64encode(value.encode()).decode()}"
            for key, value in said.items()
        )
        headers = {
            **_VERSION,
            "Upload-Length": str(file.size_bytes),
            "Upload-Metadata": ",".join(pairs),
        }
        return self._client.request("POST", f"{API}/uploads", headers=headers)

    def _go_on(self, begun: httpx.Response, file: FileRef) -> httpx.Response:
        answer, offset = begun, self._offset(begun, file)
        if 0 < offset < file.size_bytes:
            what = f"{self._client.name}: {file.name}"
            log.info("%s goes on at byte %d of %d", what, offset, file.size_bytes)
        url = begun.headers.get("Location", "")
        while offset < file.size_bytes:
            answer = self._send_piece(url, begun, file, offset)
            if not answer.is_success:
                return self._told(answer, file)
            before, offset = offset, self._offset(answer, file)
            if offset <= before:
                raise self._out_of_step(file, f"after byte {before} came {offset}")
        return answer

    def _send_piece(
        self, url: str, begun: httpx.Response, file: FileRef, offset: int
    ) -> httpx.Response:
        size = min(_PIECE_BYTES, file.size_bytes - offset)
        return self._client.request(
            "PATCH",
            self._client.own_path(url, begun),
            headers={
                **_VERSION,
                "Content-Type": "application/offset+octet-stream",
                "Content-Length": str(size),
                "Upload-Offset": str(offset),
            },
            content=_piece(file.path, offset, size),
        )

    def _told(self, answer: httpx.Response, file: FileRef) -> httpx.Response:
        """Return an answer that is about the file, not about where the upload is.

        Raises:
            RetryLaterError: the upload is elsewhere than was thought, or was damaged
                on its way: beginning again finds out.
        """
        lost = answer.status_code in {404, 410, 423}
        moved = answer.status_code == 409 and "Upload-Offset" in answer.headers  # noqa: PLR2004 HTTP
        damaged = "hash-mismatch" in answer.text
        if lost or damaged or (moved and not has_it(answer, file)):
            raise self._out_of_step(file, f"{answer.status_code} {answer.text[:200]!r}")
        return answer

    def _offset(self, answer: httpx.Response, file: FileRef) -> int:
        told = answer.headers.get("Upload-Offset", "")
        if not told.isdigit() or int(told) > file.size_bytes:
            raise self._out_of_step(file, f"got Upload-Offset {told!r}")
        return int(told)

    def _out_of_step(self, file: FileRef, why: str) -> RetryLaterError:
        return RetryLaterError(f"{self._client.name}: {file.name}: {why}; again later")


def _piece(path: Path, offset: int, size: int) -> Iterator[bytes]:
    with path.open("rb") as stream:
        stream.seek(offset)
        yield from chunks_of(stream, size)
