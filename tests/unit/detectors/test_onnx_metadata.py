from pathlib import Path

import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper

from vision.core.errors import ModelError
from vision.detectors.onnx_metadata import read_onnx_metadata

GOLDEN = Path(__file__).parents[2] / "golden" / "detectors"


def test_what_the_exporter_wrote_is_read() -> None:
    metadata = read_onnx_metadata(GOLDEN / "raw_dynamic.onnx")

    assert metadata["names"] == "{0: 'red', 1: 'green', 2: 'blue'}"
    assert metadata["imgsz"] == "[128, 128]"


def test_a_silent_exporter_gives_an_empty_answer() -> None:
    assert read_onnx_metadata(GOLDEN / "raw_silent.onnx") == {}


@settings(deadline=None, max_examples=30)
@given(said=st.dictionaries(st.text(), st.text(max_size=300), max_size=6))
def test_any_text_is_read_as_the_onnx_library_reads_it(
    said: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    model = onnx.load(GOLDEN / "raw_silent.onnx")
    helper.set_model_props(model, said)
    path = tmp_path_factory.mktemp("model") / "model.onnx"
    onnx.save(model, path)

    assert read_onnx_metadata(path) == said


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
        b"<!DOCTYPE html><html>Not found</html>",
        b"PK\x03\x04 a zip file, such as a .pt",
        b"\xff" * 64,
        b"\x3a\x05grap",
    ],
    ids=["empty", "zero", "lfs", "html", "zip", "ones", "short"],
)
def test_what_is_no_onnx_model_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)

    with pytest.raises(ModelError, match="is no ONNX model"):
        read_onnx_metadata(path)


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.99])
def test_a_broken_download_is_refused(tmp_path: Path, keep: float) -> None:
    whole = (GOLDEN / "raw_dynamic.onnx").read_bytes()
    path = tmp_path / "model.onnx"
    path.write_bytes(whole[: int(len(whole) * keep)])

    with pytest.raises(ModelError, match="is no ONNX model"):
        read_onnx_metadata(path)


@settings(deadline=None, max_examples=200)
@given(content=st.binary(max_size=200))
def test_no_bytes_bring_it_down(
    content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "noise.onnx"
    path.write_bytes(content)

    try:
        metadata = read_onnx_metadata(path)
    except ModelError as error:
        assert "is no ONNX model" in str(error)  # noqa: PT017 either outcome is fine
    else:
        assert isinstance(metadata, dict)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"gone\.onnx: cannot be read"):
        read_onnx_metadata(tmp_path / "gone.onnx")
