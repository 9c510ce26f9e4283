"""Evidence in a folder and in an object store: the same promises."""

from pathlib import Path

import pytest

from serve.object_storage import ObjectStorage
from serve.people.roles import Scope
from serve.settings import Settings
from serve.storage import Folder, Storage, StorageError
from tests.service.serve.conftest import Live, Start
from tests.service.serve.street import Seen, artifact, message, sha256

pytest.importorskip("s3fs", reason="needs the extra `s3`")
pytest.importorskip("moto.server", reason="needs moto's S3 server")

EVENTS = "/api/v1/events"
CLIP = b"\x00\x00\x00\x18ftypisom" + bytes(range(256)) * 4096  # a good megabyte
KEY = "ab/" + "ab" * 32


@pytest.fixture(params=["folder", "object store"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """Give each kind of storage, empty."""
    if request.param == "folder":
        return Folder(tmp_path / "evidence")
    url = request.getfixturevalue("s3")
    return ObjectStorage(f"s3://evidence/{tmp_path.name}", url)


def put(
    storage: Storage, tmp_path: Path, content: bytes = CLIP, key: str = KEY
) -> None:
    source = tmp_path / "incoming"
    source.write_bytes(content)
    storage.put(key, source)


def test_what_is_put_can_be_read_whole_and_in_parts(
    storage: Storage, tmp_path: Path
) -> None:
    put(storage, tmp_path)

    assert storage.size(KEY) == len(CLIP)
    assert b"".join(storage.read(KEY, 0, len(CLIP))) == CLIP
    assert b"".join(storage.read(KEY, 1000, 1010)) == CLIP[1000:1010]
    assert not storage.is_empty()


def test_a_storage_where_nothing_was_ever_put_is_empty(storage: Storage) -> None:
    assert storage.is_empty()


def test_what_others_keep_beside_evidence_is_none(s3: str, tmp_path: Path) -> None:
    fsspec = pytest.importorskip("fsspec.core", reason="needs the extra s3")
    bucket = f"s3://evidence/{tmp_path.name}"
    files, root = fsspec.url_to_fs(bucket, endpoint_url=s3)
    files.pipe(f"{root}/", b"")  # as "Create folder" of a web page makes one
    files.pipe(f"{root}/reports/ab.txt", b"x")
    storage = ObjectStorage(bucket, s3)

    assert storage.is_empty()
    put(storage, tmp_path)
    assert not storage.is_empty()


def test_put_again_is_harmless_and_deleted_is_gone(
    storage: Storage, tmp_path: Path
) -> None:
    put(storage, tmp_path)
    put(storage, tmp_path)

    assert storage.delete(KEY)
    assert not storage.delete(KEY)
    assert storage.size(KEY) is None
    assert storage.is_empty()


def test_what_is_not_there_cannot_be_read(storage: Storage) -> None:
    with pytest.raises(OSError, match=r".+"):
        list(storage.read(KEY, 0, 10))


def test_a_store_that_is_away_says_so_in_words(s3: str, tmp_path: Path) -> None:
    del s3  # for the credentials only
    storage = ObjectStorage("s3://evidence/x", "http://127.0.0.1:1")

    with pytest.raises(StorageError, match="evidence store cannot write"):
        put(storage, tmp_path)


def test_an_address_that_nobody_knows_is_a_settings_mistake() -> None:
    with pytest.raises(StorageError, match=r"evidence_url: got nosuch://x"):
        ObjectStorage("nosuch://x")


@pytest.fixture(params=["folder", "object store"])
def stored(request: pytest.FixtureRequest, start: Start, tmp_path: Path) -> Live:
    """Start a service whose only event has a clip, in each kind of storage."""
    home = tmp_path / "home"
    settings = Settings(home=home)
    if request.param != "folder":
        endpoint = request.getfixturevalue("s3")
        url = f"s3://evidence/{tmp_path.name}"
        settings = Settings(home=home, evidence_url=url, evidence_endpoint=endpoint)
    live = start(settings)
    clip = artifact("overlay.mp4", "overlay_clip", CLIP)
    with live.client(Scope.INGEST) as engine:
        sent = message(Seen(artifacts=(clip,)))
        engine.post(EVENTS, json=sent).raise_for_status()
        engine.put(
            f"{EVENTS}/evt-1/evidence/overlay.mp4",
            content=CLIP,
            headers={"Content-Type": "video/mp4", "X-Content-SHA256": sha256(CLIP)},
        ).raise_for_status()
    return live


END = f"{len(CLIP) - 1}/{len(CLIP)}"
SEEKS = {
    None: (200, CLIP, None),
    "bytes=0-99": (206, CLIP[:100], f"bytes 0-99/{len(CLIP)}"),
    "bytes=1048000-": (206, CLIP[1048000:], f"bytes 1048000-{END}"),
    "bytes=-7": (206, CLIP[-7:], f"bytes {len(CLIP) - 7}-{END}"),
    "bytes=5-99999999": (206, CLIP[5:], f"bytes 5-{END}"),
    "bytes=9-3": (200, CLIP, None),
    "bytes=0-1,5-6": (200, CLIP, None),
    "lines=1-2": (200, CLIP, None),
}


def test_a_browser_may_seek_in_a_clip(stored: Live) -> None:
    found = {}
    with stored.client(Scope.READ) as reader:
        for asked in SEEKS:
            headers = {} if asked is None else {"Range": asked}
            answer = reader.get(f"{EVENTS}/evt-1/evidence/overlay.mp4", headers=headers)
            part = answer.headers.get("content-range")
            found[asked] = (answer.status_code, answer.content, part)
            assert answer.headers["content-length"] == str(len(answer.content))

    assert found == SEEKS


def test_a_part_outside_the_file_is_refused_and_another_version_sent_whole(
    stored: Live,
) -> None:
    path = f"{EVENTS}/evt-1/evidence/overlay.mp4"
    with stored.client(Scope.READ) as reader:
        outside = reader.get(path, headers={"Range": "bytes=99999999-"})
        other = {"Range": "bytes=0-9", "If-Range": '"another"'}
        changed = reader.get(path, headers=other)

    assert outside.status_code == 416
    assert outside.headers["content-range"] == f"bytes */{len(CLIP)}"
    assert outside.json()["type"].endswith("/problems/range-not-satisfiable")
    assert changed.content == CLIP
