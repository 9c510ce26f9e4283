"""A site for a quick look: one source, the shipped model, the whole view as zone."""

from pathlib import Path

from vision.config.load import Loaded
from vision.config.site import SiteSettings

_MODEL = Path("models/street-n")
_GRACE_S = 20


def quick_site(source: str, model: Path | None) -> Loaded[SiteSettings]:
    """Return a site that watches one source and prints JSON lines.

    Args:
        source: stream URL, video file, folder of pictures, or USB camera number.
        model: model folder or file; None: the shipped one.
    """
    settings = SiteSettings.model_validate(
        {
            "site": "quick-look",
            "model": {"type": "onnx", "path": model or _MODEL},
            "cameras": [
                {
                    "id": "quick",
                    "source": _source(source),
                    "zones": [
                        {
                            "id": "whole-view",
                            "kind": "no_parking",
                            "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]],
                        }
                    ],
                }
            ],
            "rules": [
                {"type": "illegal_parking", "grace_s": _GRACE_S},
                {"type": "garbage_pile", "dwell_s": _GRACE_S},
                {"type": "overflowing_bin", "dwell_s": _GRACE_S},
            ],
            "sinks": [{"type": "jsonl"}],
        }
    )
    return Loaded(settings, Path("(quick look)"), "0" * 64)


def _source(source: str) -> dict[str, str]:
    if source.isdecimal():
        return {"type": "opencv", "url": source}
    if Path(source).is_dir():
        return {"type": "images", "path": source}
    return {"type": "packets", "url": source}
