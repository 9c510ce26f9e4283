"""Make the tiny detectors of this folder: `python make_models.py`.

Each is a real ONNX graph of a few kilobytes that finds red, green and blue: the mean
colour of every cell of 32 x 32 px, a class's score being how much its channel stands
out of the other two. The box is the cell.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FOLDER = Path(__file__).parent
CELL_PX = 32
TOP = 12
NAMES = {0: "red", 1: "green", 2: "blue"}

# Versions that every supported runtime reads, pinned so that the bytes stay equal.
OPSET, IR_VERSION = 17, 9

Side = int | str


class Graph:
    """Nodes and constants under construction."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def node(self, op: str, *inputs: str, **attributes: object) -> str:
        """Add a node with one output and return its name."""
        name = f"{op.lower()}{len(self.nodes)}"
        made = helper.make_node(op, list(inputs), [name], name=name, **attributes)
        self.nodes.append(made)
        return name

    def ints(self, *values: int) -> str:
        """Add a constant vector and return its name."""
        return self._constant(np.array(values, np.int64))

    def number(self, value: float) -> str:
        """Add a constant scalar and return its name."""
        return self._constant(np.array(value, np.float32))

    def index(self, value: int) -> str:
        """Add a constant integer scalar and return its name."""
        return self._constant(np.array(value, np.int64))

    def _constant(
        self, value: np.ndarray[tuple[int, ...], np.dtype[np.generic]]
    ) -> str:
        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(value, name))
        return name


def centres(graph: Graph, cells: str) -> tuple[str, str, str]:
    """Return cx, cy and ones, each [B, 1, h, w], in input pixels."""
    zero = graph.node("Mul", cells, graph.number(0.0))
    zeros = graph.node("ReduceMean", zero, axes=[1], keepdims=1)
    ones = graph.node("Add", zeros, graph.number(1.0))

    def along(axis: int) -> str:
        count = graph.node("CumSum", ones, graph.index(axis))
        far = graph.node("Mul", count, graph.number(CELL_PX))
        return graph.node("Sub", far, graph.number(CELL_PX / 2))

    return along(3), along(2), ones


def scores(graph: Graph, cells: str) -> str:
    """Return [B, 3, h, w]: how much each channel stands out."""
    channels = [
        graph.node("Gather", cells, graph.ints(channel), axis=1) for channel in range(3)
    ]
    outstanding = []
    for channel, own in enumerate(channels):
        others = [other for index, other in enumerate(channels) if index != channel]
        excess = graph.node("Sub", own, graph.node("Max", *others))
        outstanding.append(
            graph.node("Clip", excess, graph.number(0.0), graph.number(1.0))
        )
    return graph.node("Concat", *outstanding, axis=1)


def raw_head(graph: Graph, cells: str) -> str:
    """Return [B, 4 + 3, A]: centre, size, scores."""
    cx, cy, ones = centres(graph, cells)
    size = graph.node("Mul", ones, graph.number(CELL_PX))
    columns = graph.node("Concat", cx, cy, size, size, scores(graph, cells), axis=1)
    return graph.node("Reshape", columns, graph.ints(0, 7, -1))


def nms_free_head(graph: Graph, cells: str) -> str:
    """Return [B, TOP, 6]: corners, score, class."""
    cx, cy, _ = centres(graph, cells)
    half = graph.number(CELL_PX / 2)
    corners = graph.node(
        "Concat",
        *(graph.node(op, c, half) for op in ("Sub", "Add") for c in (cx, cy)),
        axis=1,
    )
    flat = graph.node("Reshape", corners, graph.ints(0, 4, -1))
    boxes = graph.node("Transpose", flat, perm=[0, 2, 1])
    count = graph.node("Gather", graph.node("Shape", boxes), graph.index(1), axis=0)
    all_scores = graph.node("Reshape", scores(graph, cells), graph.ints(0, -1))
    best, where = "best", "where"
    graph.nodes.append(
        helper.make_node("TopK", [all_scores, graph.ints(TOP)], [best, where], axis=1)
    )
    anchor = graph.node("Mod", where, count)
    column = graph.node("Unsqueeze", anchor, graph.ints(2))
    columns = graph.node("Concat", column, column, column, column, axis=2)
    chosen = graph.node("GatherElements", boxes, columns, axis=1)
    number = graph.node("Cast", graph.node("Div", where, count), to=TensorProto.FLOAT)
    return graph.node(
        "Concat",
        chosen,
        graph.node("Unsqueeze", best, graph.ints(2)),
        graph.node("Unsqueeze", number, graph.ints(2)),
        axis=2,
    )


def model(
    *,
    head: str,
    shape: tuple[Side, Side, Side],
    metadata: dict[str, str],
    kind: int = TensorProto.FLOAT,
) -> onnx.ModelProto:
    """Return a whole detector.

    Args:
        head: `raw` or `nms_free`.
        shape: batch, height, width; a text is a free dimension.
        metadata: `metadata_props`.
        kind: of input and output.
    """
    graph = Graph()
    batch, height, width = shape
    picture = graph.node("Cast", "images", to=TensorProto.FLOAT)
    side = [CELL_PX, CELL_PX]
    cells = graph.node("AveragePool", picture, kernel_shape=side, strides=side)
    last = {"raw": raw_head, "nms_free": nms_free_head}[head](graph, cells)
    graph.nodes.append(helper.make_node("Cast", [last], ["output0"], to=kind))
    out_shape = [batch, "rows", "columns"]
    made = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "tiny",
            [helper.make_tensor_value_info("images", kind, [batch, 3, height, width])],
            [helper.make_tensor_value_info("output0", kind, out_shape)],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="streetwarden-tests",
    )
    helper.set_model_props(made, metadata)
    onnx.checker.check_model(made)
    return made


def as_ultralytics_writes(*, end2end: bool) -> dict[str, str]:
    """Return metadata with every value `str(v)`."""
    said = {
        "task": "detect",
        "names": NAMES,
        "imgsz": [128, 128],
        "stride": CELL_PX,
        "batch": 1,
        "channels": 3,
        "end2end": end2end,
    }
    return {key: str(value) for key, value in said.items()}


def models() -> dict[str, onnx.ModelProto]:
    """Return every model of this folder by file name."""
    free = ("batch", "height", "width")
    raw, nms_free = (as_ultralytics_writes(end2end=flag) for flag in (False, True))
    return {
        "raw_dynamic.onnx": model(head="raw", shape=free, metadata=raw),
        "raw_fixed.onnx": model(head="raw", shape=(1, 128, 128), metadata=raw),
        "raw_silent.onnx": model(head="raw", shape=free, metadata={}),
        "raw_half.onnx": model(
            head="raw", shape=free, metadata=raw, kind=TensorProto.FLOAT16
        ),
        # The flag of this one is wrong, as it is in files that are around.
        "nms_free_dynamic.onnx": model(head="nms_free", shape=free, metadata=raw),
        "nms_free_fixed4.onnx": model(
            head="nms_free", shape=(4, 128, 128), metadata=nms_free
        ),
    }


def main() -> None:
    """Write the folder."""
    for name, made in models().items():
        (FOLDER / name).write_bytes(made.SerializeToString(deterministic=True))


if __name__ == "__main__":
    main()
