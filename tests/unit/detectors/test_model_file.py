import hashlib
import logging
import shutil
from collections.abc import Mapping
from pathlib import Path

import onnx
import pytest
from onnx import helper

from vision.core.errors import ModelError
from vision.detectors.model_file import read_model_file

GOLDEN = Path(__file__).parents[2] / "golden" / "detectors"
SILENT_SHA256 = hashlib.sha256((GOLDEN / "raw_silent.onnx").read_bytes()).hexdigest()

MANIFEST = f"""
[model]
name = "street-n"
version = "1.2"
file = "model.onnx"
sha256 = "{SILENT_SHA256}"
licence = "AGPL-3.0-or-later"
head = "raw"
imgsz = [96, 128]
stride = 32
precision = "fp32"
preview = ["blue"]

[names]
0 = "red"
1 = "green"
2 = "blue"

[thresholds]
red = 0.4

[provenance]
anything = ["goes", 1]
"""


def folder(
    tmp_path: Path, manifest: str | None, model: str = "raw_silent.onnx"
) -> Path:
    shutil.copy(GOLDEN / model, tmp_path / "model.onnx")
    if manifest is not None:
        (tmp_path / "model.toml").write_text(manifest)
    return tmp_path


def saying(path: Path, metadata: Mapping[str, str]) -> Path:
    model = onnx.load(GOLDEN / "raw_silent.onnx")
    helper.set_model_props(model, dict(metadata))
    onnx.save(model, path)
    return path


def test_a_model_folder_is_read(tmp_path: Path) -> None:
    model = read_model_file(folder(tmp_path, MANIFEST))

    assert model.path == tmp_path / "model.onnx"
    assert model.model_id == "street-n/1.2"
    assert model.sha256 == SILENT_SHA256
    assert model.names == ("red", "green", "blue")
    assert model.imgsz == (96, 128)
    assert model.head == "raw"
    assert model.thresholds == {"red": 0.4}
    assert model.preview == ("blue",)
    assert model.licence == "AGPL-3.0-or-later"


@pytest.mark.parametrize("name", ["model.onnx", "model.toml"])
def test_naming_a_file_of_the_folder_is_the_same(tmp_path: Path, name: str) -> None:
    path = folder(tmp_path, MANIFEST)

    assert read_model_file(path / name) == read_model_file(path)


def test_a_lone_file_speaks_for_itself() -> None:
    model = read_model_file(GOLDEN / "raw_dynamic.onnx")

    assert model.names == ("red", "green", "blue")
    assert model.imgsz == (128, 128)
    assert model.stride == 32
    assert model.name == "raw_dynamic"
    assert model.version == model.sha256[:12]
    assert model.head is None


def test_a_folder_with_one_file_needs_no_manifest(tmp_path: Path) -> None:
    model = read_model_file(folder(tmp_path, None, "raw_dynamic.onnx"))

    assert model.names == ("red", "green", "blue")


def test_the_manifest_goes_before_the_file(tmp_path: Path) -> None:
    manifest = '[model]\nname="a"\nversion="1"\nfile="model.onnx"\nimgsz=64\n'

    model = read_model_file(folder(tmp_path, manifest, "raw_dynamic.onnx"))

    assert model.imgsz == (64, 64)
    assert model.names == ("red", "green", "blue")


def test_a_variant_is_chosen_by_its_file(tmp_path: Path) -> None:
    digest = hashlib.sha256((GOLDEN / "raw_half.onnx").read_bytes()).hexdigest()
    variant = f'[[variants]]\nfile = "half.onnx"\nsha256 = "{digest}"\n'
    path = folder(tmp_path, MANIFEST + variant)
    shutil.copy(GOLDEN / "raw_half.onnx", path / "half.onnx")

    model = read_model_file(path / "half.onnx")

    assert model.path.name == "half.onnx"
    assert model.sha256 == digest
    assert model.model_id == "street-n/1.2"
    assert model.thresholds == {"red": 0.4}


def test_a_file_that_the_manifest_does_not_know_speaks_for_itself(
    tmp_path: Path,
) -> None:
    path = folder(tmp_path, MANIFEST)
    shutil.copy(GOLDEN / "raw_dynamic.onnx", path / "other.onnx")

    model = read_model_file(path / "other.onnx")

    assert model.name == "other"
    assert model.thresholds == {}


def test_both_files_of_openvino_are_hashed(tmp_path: Path) -> None:
    (tmp_path / "m.xml").write_bytes(b"graph")
    (tmp_path / "m.bin").write_bytes(b"weights")
    names = {"names": "['red']"}

    model = read_model_file(tmp_path / "m.xml", embedded=lambda _: names)

    assert model.sha256 == hashlib.sha256(b"graphweights").hexdigest()


def test_openvinos_weights_must_be_there(tmp_path: Path) -> None:
    (tmp_path / "m.xml").write_bytes(b"graph")

    with pytest.raises(ModelError, match=r"m\.bin: cannot be read"):
        read_model_file(tmp_path / "m.xml", embedded=lambda _: {})


def test_another_digest_is_refused_with_both_digests(tmp_path: Path) -> None:
    manifest = MANIFEST.replace(SILENT_SHA256, "0" * 64)

    with pytest.raises(ModelError, match=f"is {SILENT_SHA256}, expected {'0' * 64}"):
        read_model_file(folder(tmp_path, manifest))


def test_missing_names_are_told_with_the_remedy() -> None:
    with pytest.raises(ModelError, match=r"class names are missing.*\[names\]"):
        read_model_file(GOLDEN / "raw_silent.onnx")


@pytest.mark.parametrize(
    ("manifest", "complaint"),
    [
        ("not toml", "is no TOML"),
        ("[names]\n0 = 'a'", "model: got nothing; expected this key"),
        (MANIFEST.replace('"street-n"', "7"), r"model\.name: got 7"),
        (MANIFEST.replace(SILENT_SHA256, "abc"), r"model\.sha256: got 'abc'"),
        (MANIFEST.replace('head = "raw"', 'head = "odd"'), r"model\.head: got 'odd'"),
        (MANIFEST.replace("[96, 128]", "[96]"), r"model\.imgsz\.1"),
        (MANIFEST.replace("red = 0.4", "red = 4"), r"thresholds\.red: got 4"),
        (MANIFEST.replace("red = 0.4", "pink = 0.4"), "thresholds speaks of .*pink"),
        (MANIFEST.replace('["blue"]', '["pink"]'), "preview speaks of .*pink"),
        (MANIFEST.replace('2 = "blue"', '3 = "blue"'), "from 0 without gaps"),
        (MANIFEST.replace('2 = "blue"', 'two = "blue"'), "expected class numbers"),
        (MANIFEST.replace('"model.onnx"', '"gone.onnx"'), "is not in the folder"),
    ],
)
def test_a_faulty_manifest_is_told_apart(
    tmp_path: Path, manifest: str, complaint: str
) -> None:
    with pytest.raises(ModelError, match=complaint):
        read_model_file(folder(tmp_path, manifest))


def test_all_faults_of_a_manifest_are_told_at_once(tmp_path: Path) -> None:
    manifest = MANIFEST.replace('"street-n"', "7").replace("[96, 128]", "true")

    with pytest.raises(ModelError, match=r"model\.name.*model\.imgsz"):
        read_model_file(folder(tmp_path, manifest))


def test_keys_of_a_newer_exporter_are_named_and_left_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    manifest = MANIFEST.replace("stride = 32", "stride = 32\nshasum = 'x'")

    with caplog.at_level(logging.WARNING):
        read_model_file(folder(tmp_path, manifest))

    assert "shasum" in caplog.text


@pytest.mark.parametrize(
    ("metadata", "complaint"),
    [
        ({"task": "segment"}, "task is 'segment', expected 'detect'"),
        ({"names": "{0: 'a', 2: 'b'}"}, "from 0 without gaps"),
        ({"names": "{}"}, "from 0 without gaps"),
        ({"names": "__import__('os').getcwd()"}, "expected a Python literal"),
        ({"names": "{0: 'a'"}, "expected a Python literal"),
        ({"names": "(" * 5000}, "expected a Python literal"),
        ({"names": "['a']", "imgsz": "[640]"}, r"expected \[height, width\]"),
        ({"names": "['a']", "imgsz": "'big'"}, r"expected \[height, width\]"),
        ({"names": "['a']", "stride": "0"}, "stride is 0, expected a number"),
    ],
)
def test_faulty_metadata_is_told_apart(
    tmp_path: Path, metadata: dict[str, str], complaint: str
) -> None:
    path = saying(tmp_path / "model.onnx", metadata)

    with pytest.raises(ModelError, match=complaint):
        read_model_file(path)


def test_names_may_be_a_list_and_the_size_one_number(tmp_path: Path) -> None:
    metadata = {"names": "['a', 'b']", "imgsz": "416", "stride": "32.0"}

    model = read_model_file(saying(tmp_path / "model.onnx", metadata))

    assert model.names == ("a", "b")
    assert model.imgsz == (416, 416)
    assert model.stride == 32


def test_a_manifest_of_another_model_is_refused(tmp_path: Path) -> None:
    manifest = MANIFEST.replace(f'sha256 = "{SILENT_SHA256}"', "").replace(
        'preview = ["blue"]', ""
    )
    path = folder(tmp_path, manifest)
    saying(path / "model.onnx", {"names": "['a', 'b']"})

    with pytest.raises(ModelError, match="names 3 classes, the file itself 2"):
        read_model_file(path)


def test_names_that_differ_are_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    manifest = MANIFEST.replace(f'sha256 = "{SILENT_SHA256}"', "")
    path = folder(tmp_path, manifest)
    saying(path / "model.onnx", {"names": "['rot', 'green', 'blue']"})

    with caplog.at_level(logging.WARNING):
        model = read_model_file(path)

    assert model.names == ("red", "green", "blue")
    assert "'rot'" in caplog.text


def test_nothing_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such file or folder"):
        read_model_file(tmp_path / "gone")


def test_a_folder_without_a_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="got none"):
        read_model_file(tmp_path)


def test_a_folder_with_two_models_is_told(tmp_path: Path) -> None:
    for name in ("a.onnx", "b.onnx"):
        shutil.copy(GOLDEN / "raw_dynamic.onnx", tmp_path / name)

    with pytest.raises(ModelError, match=r"got a\.onnx, b\.onnx"):
        read_model_file(tmp_path)


def test_the_models_of_this_suite_come_from_their_script() -> None:
    import importlib.util  # noqa: PLC0415 the script is no part of a package

    spec = importlib.util.spec_from_file_location("make", GOLDEN / "make_models.py")
    assert spec is not None
    assert spec.loader is not None
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)

    for name, model in make.models().items():
        assert onnx.load(GOLDEN / name) == model, f"run make_models.py for {name}"
    assert {path.name for path in GOLDEN.glob("*.onnx")} == set(make.models())
