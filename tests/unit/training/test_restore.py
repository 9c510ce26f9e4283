"""A shipped model goes on learning, without the file that training left."""

# ruff: noqa: E402 - without torch the imports below cannot be tried

import shutil
import tomllib
from pathlib import Path

import numpy as np
import onnx
import pytest
from typer.testing import CliRunner

torch = pytest.importorskip("torch", reason="training needs torch: make train-env")
pytest.importorskip("ultralytics", reason="training needs it: make train-env")

from torch.nn import BatchNorm2d, Module
from ultralytics.nn.tasks import DetectionModel

from tests.unit.training.pictures import noise, square_sample, write_set
from vision.cli import model as command
from vision.core.errors import ConfigError, ModelError
from vision.training.export import Papers, export_onnx, save_checkpoint
from vision.training.forms import predictor
from vision.training.labels import CLASSES
from vision.training.network import Pair, adapt, load_checkpoint, of_head
from vision.training.predict import torch_predictor
from vision.training.recipe import read_recipe
from vision.training.restore import HEAD_FILE, restore, write_head

pytestmark = [
    pytest.mark.train,
    pytest.mark.slow,
    # Ultralytics and the ONNX exporter warn about themselves.
    pytest.mark.filterwarnings("ignore"),
]

REPOSITORY = Path(__file__).parents[3]
PAPERS = Papers(
    name="tiny",
    version="0",
    size_px=320,
    preview=(),
    thresholds=dict.fromkeys(CLASSES, 0.35),
    provenance={"pictures": "generated"},
)
RECIPE = """
name = "tiny"
start = "model/model.onnx"
largest_px = 128
frame_period_s = 1.0
[sets]
[settle]
{schedule}
[schedule]
{schedule}
[polish]
{schedule}
[gains]
one_to_many = [0.8, 0.3]
distil_class = 1.0
distil_box = 1.0
[mixture]
rows = {{ own = 2 }}
teacher_rows = 2
sizes = {{ 96 = 1.0 }}
mosaic = 0.5
far_mosaic = 0.0
[aside]
scene_share = 0.1
scene_alike = 0.85
vend_origins = []
vehicles_share = 0.2
clips = []
"""
SCHEDULE = """steps = 2
warmup_steps = 1
decay_steps = 1
rate = 0.001
backbone_factor = 1.0
weight_decay = 0.0
average = 0.5
seed = 1
checkpoint_steps = 1"""


def _parent(seed: int) -> Module:
    """Build a parent whose batch norms have something to say."""
    torch.manual_seed(seed)
    model = DetectionModel("yolo26n.yaml", nc=80, verbose=False)
    for module in model.modules():
        if isinstance(module, BatchNorm2d):
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_(std=0.2)
            module.running_mean.normal_(std=0.2)
            module.running_var.uniform_(0.5, 2.0)
    model.args = {}
    return model.eval()


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder as `streetwarden export` leaves it."""
    folder = tmp_path_factory.mktemp("shipped")
    trained = adapt(_parent(0))
    for name, weight in trained.named_parameters():
        # The stem is frozen; how norm and convolution share a scale is not kept.
        if int(name.split(".")[1]) > 2 and not name.endswith("bn.weight"):
            weight.data.mul_(1 + 0.05 * torch.randn_like(weight))
    save_checkpoint(trained, folder / "tiny.pt")
    export_onnx(folder / "tiny.pt", folder / "model.onnx", PAPERS)
    write_head(load_checkpoint(folder / "tiny.pt"), folder)
    return folder


@pytest.mark.parametrize("parent", [_parent(0), None], ids=["parent", "no parent"])
def test_a_restored_model_says_what_its_file_says(
    shipped: Path, parent: Module | None
) -> None:
    path = shipped / "model.onnx"
    image = noise(3, (160, 160))

    restored = torch_predictor(restore(parent, path), 160)(image)

    expected = predictor(str(path), 160)(image)
    # Rows of one score may change places, so each looks for its like.
    gap = np.abs(restored[:20, None] - expected[None]).max(axis=2).min(axis=1)
    assert len(gap) == 20
    assert gap.max() < 2e-3


def test_a_restored_model_has_the_parameters_that_were_trained(shipped: Path) -> None:
    trained = load_checkpoint(shipped / "tiny.pt").state_dict()

    restored = restore(_parent(0), shipped / "model.onnx").state_dict()

    # Half precision of the checkpoint is all that lies between them.
    for name, value in restored.items():
        assert torch.allclose(value.float(), trained[name].float(), atol=5e-3), name


def test_without_its_file_the_one_to_many_head_is_a_copy(
    shipped: Path, tmp_path: Path
) -> None:
    shutil.copy(shipped / "model.onnx", tmp_path)

    outputs = Pair(restore(None, tmp_path / "model.onnx"), _parent(0))(
        torch.rand(1, 3, 96, 96), 0
    )

    many, single = outputs.student["one2many"], outputs.student["one2one"]
    assert torch.equal(many["scores"], single["scores"])


def test_the_head_file_is_small_and_holds_no_code(shipped: Path) -> None:
    path = shipped / HEAD_FILE

    with np.load(path, allow_pickle=False) as stored:
        names = list(stored.files)

    assert names
    assert all(of_head(name, "one2many") for name in names)
    assert path.stat().st_size < 0.1 * (shipped / "model.onnx").stat().st_size


def test_a_model_of_another_parent_is_refused(shipped: Path) -> None:
    with pytest.raises(ModelError, match="another parent"):
        restore(_parent(1), shipped / "model.onnx")


def test_what_is_no_model_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "broken.onnx").write_bytes(b"no model")

    with pytest.raises(ModelError, match=r"broken\.onnx"):
        restore(None, tmp_path / "broken.onnx")
    with pytest.raises(ModelError, match="not there"):
        restore(None, tmp_path / "absent.onnx")


def test_settling_touches_the_one_to_many_head_only(shipped: Path) -> None:
    pair = Pair(restore(None, shipped / "model.onnx"), _parent(0), "one2many")

    trained = {n for n, w in pair.student.named_parameters() if w.requires_grad}

    assert trained
    assert all(of_head(name, "one2many") for name in trained)


@pytest.fixture
def city(shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A city's folder: the shipped model, its own pictures, a short recipe."""
    shutil.copytree(shipped, tmp_path / "model")
    pictures = {"train": [square_sample(k).image for k in range(3)], "val": []}
    manifest = write_set(tmp_path / "pictures", "mine", pictures)
    (tmp_path / "datasets" / "mine").mkdir(parents=True)
    manifest.rename(tmp_path / "datasets" / "mine" / "manifest.toml")
    recipe = RECIPE.format(schedule=SCHEDULE)
    (tmp_path / "improve.toml").write_text(recipe, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STREETWARDEN_DATA", str(tmp_path / "pictures"))
    return tmp_path


def test_a_city_goes_on_from_the_shipped_model_with_its_own_pictures_alone(
    city: Path,
) -> None:
    words = ["train", "improve.toml", "runs/mine", "--own", "mine"]

    result = CliRunner().invoke(command.app, words, catch_exceptions=False)

    assert result.exit_code == 0
    before = restore(None, city / "model" / "model.onnx").state_dict()
    after = load_checkpoint(city / "runs" / "mine" / "tiny.pt").state_dict()
    moved = {n for n, v in after.items() if not torch.allclose(v, before[n], atol=1e-3)}
    assert any(of_head(name, "one2one") for name in moved)
    assert any(of_head(name, "one2many") for name in moved)
    # The heads that were trained alone before and after freeze nothing between.
    assert any(name.startswith("model.4.") for name in moved)
    assert any(name.startswith("model.16.") for name in moved)
    assert not any(name.startswith("model.0.") for name in moved)


def test_a_model_that_went_on_does_not_pass_for_the_shipped_one(city: Path) -> None:
    sheet = "models/street-n/papers.toml"
    shutil.copy(REPOSITORY / sheet, city / "papers.toml")
    words = ["export", "model/tiny.pt", "papers.toml", "out", "--own", "mine"]

    CliRunner().invoke(command.app, words, catch_exceptions=False)

    facts = tomllib.loads((city / "out" / "model.toml").read_text(encoding="utf-8"))
    shipped = tomllib.loads((REPOSITORY / sheet).read_text(encoding="utf-8"))
    assert facts["model"]["version"] == f"{shipped['version']}+mine"
    own = f"street-n {shipped['version']} went on with mine: CC0-1.0"
    assert facts["provenance"] == shipped["provenance"] | {"own": own}
    meta = onnx.load(str(city / "out" / "model.onnx")).metadata_props
    assert any(e.key == "provenance" and own in e.value for e in meta)


def test_rows_without_pictures_are_told_of_when_training_starts(
    city: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recipe = city / "improve.toml"
    text = recipe.read_text(encoding="utf-8")
    recipe.write_text(text.replace("own = 2", "clips = 3, own = 1"), "utf-8")
    words = ["train", "improve.toml", "runs/mine", "--own", "mine"]

    CliRunner().invoke(command.app, words, catch_exceptions=False)

    said = [r.getMessage() for r in caplog.records if r.name == "vision.training.fit"]
    assert said == [
        "no pictures for the pools clips of recipe tiny: other pools fill their 3 rows"
    ]


@pytest.mark.usefixtures("city")
def test_an_own_set_without_rows_in_the_recipe_is_an_error() -> None:
    recipe = Path("improve.toml")
    text = recipe.read_text(encoding="utf-8").replace("own = 2", "clips = 2")
    recipe.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError, match="no rows for the pool 'own'"):
        CliRunner().invoke(
            command.app,
            ["train", "improve.toml", "runs/mine", "--own", "mine"],
            catch_exceptions=False,
        )


@pytest.mark.parametrize("name", ["recipe", "continue", "improve"])
def test_every_recipe_of_the_repository_can_be_read(name: str) -> None:
    recipe = read_recipe(Path("models/street-n") / f"{name}.toml")

    assert recipe.name == "street-n"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('start = "model/model.onnx"', "", "neither a parent nor"),
        ("teacher_rows = 2", "teacher_rows = 3", "up to their sum"),
        ("teacher_rows = 2", "teacher_rows = { own = 2 }", "as a number"),
        ("mosaic = 0.5", "mosaic = 0.5\ncutouts = '1'", "a share from 0 to 1, got '1'"),
        ("mosaic = 0.5", "mosaic = 0.5\ncutouts = -0.1", "a share from 0 to 1"),
        ("mosaic = 0.5", "mosaic = 0.5\ncutouts = 1.1", "a share from 0 to 1"),
        ("rows = { own = 2 }", "rows = { won = 2 }", r"\[sets\] has no won"),
        ("largest_px = 128", "", "missing largest_px"),
        ('name = "tiny"', 'name = "tiny"\nspeed = 3', "unknown speed"),
    ],
)
def test_a_wrong_recipe_names_what_is_wrong(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE.format(schedule=SCHEDULE).replace(old, new), "utf-8")

    with pytest.raises(ConfigError, match=said):
        read_recipe(path)
