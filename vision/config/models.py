"""Detectors: which model runs, and on what."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from vision.config.base import Settings, ShippedPath


class _Model(Settings):
    """What every detector takes.

    `class_map` renames the model's classes to ours, so that any YOLO-family model
    works: `{garbage_bin: bin}`. `thresholds` override the model's own, per class of
    ours after mapping. `enable_preview` names classes that the model offers as a
    preview only and that this site wants all the same. `threads` 0: all cores. `tight`
    leaves out the padding of wide pictures: faster by a third, as exact. A larger
    `batch_max` takes memory and pays on GPUs only. `imgsz` is the longest side that the
    model looks at, pixels: larger than its own for what is small and far, and slower.
    """

    path: ShippedPath
    class_map: dict[str, str] = Field(default_factory=dict)
    thresholds: dict[str, Annotated[float, Field(gt=0, lt=1)]] = Field(
        default_factory=dict
    )
    enable_preview: tuple[str, ...] = ()
    imgsz: int | None = Field(default=None, ge=96, le=2048, multiple_of=32)
    threads: int = Field(default=0, ge=0, le=256)
    tight: bool = True
    batch_max: int = Field(default=2, ge=1, le=64)


class OnnxModel(_Model):
    """ONNX Runtime; `providers` in order of preference.

    `provider_options` are ONNX Runtime's own, by provider: which GPU to take
    (`CUDAExecutionProvider: {device_id: 1}`), or where TensorRT keeps the engine that
    it otherwise builds anew, for minutes, at every start.
    """

    type: Literal["onnx"]
    providers: tuple[str, ...] = ("CPUExecutionProvider",)
    provider_options: dict[str, dict[str, str | int | bool]] = Field(
        default_factory=dict
    )

    @model_validator(mode="after")
    def _options_are_of_its_providers(self) -> Self:
        """Refuse options that nobody would read."""
        unread = [name for name in self.provider_options if name not in self.providers]
        if unread:
            msg = (
                f"provider_options: got {unread}, expected some of providers "
                f"{list(self.providers)}"
            )
            raise ValueError(msg)
        return self


class AutoModel(_Model):
    """The fastest runtime at hand in which the model passed the parity gate."""

    type: Literal["auto"]


class OpenVINOModel(_Model):
    """OpenVINO (extra `openvino`); `auto` takes bf16 where the CPU has it."""

    type: Literal["openvino"]
    precision: Literal["auto", "f32", "bf16"] = "auto"


class UltralyticsModel(_Model):
    """An Ultralytics `.pt` checkpoint (training environment) on a `device` of torch."""

    type: Literal["ultralytics"]
    device: str = "cpu"


ModelSettings = Annotated[
    AutoModel | OnnxModel | OpenVINOModel | UltralyticsModel,
    Field(discriminator="type"),
]
