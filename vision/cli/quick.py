"""A site for a quick look: one source, the shipped model, the whole view as zone."""

from pathlib import Path

from vision.config.load import Loaded, validate
from vision.config.site import SiteSettings
from vision.config.yaml_tree import Tree, YamlTree
from vision.core.errors import ConfigError

_MODEL = Path("models/street-n")
_GRACE_S = 20
_PERIOD_S = 1


def quick_site(source: str, model: Path | None) -> Loaded[SiteSettings]:
    """Return a site that watches one source and prints JSON lines.

    Args:
        source: stream URL, video file, folder of pictures, or USB camera number.
        model: model folder or file; None: the shipped one.

    Raises:
        ConfigError: the source cannot be one.
    """
    if not source.strip():
        msg = "--source: got nothing; expected a URL, a file, a folder or 0"
        raise ConfigError(msg)
    tree = YamlTree(
        {
            "site": "quick-look",
            "model": {"type": "onnx", "path": str(model or _MODEL)},
            "cameras": [
                {
                    "id": "quick",
                    "source": _source(source),
                    "period_s": _PERIOD_S,
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
    where = Path("--source")
    return Loaded(validate(tree, where, SiteSettings), where, "0" * 64)


def _source(source: str) -> Tree:
    if source.isdecimal():
        return {"type": "opencv", "url": source}
    try:
        if Path(source).is_dir():
            return {"type": "images", "path": source}
    except OSError:  # e.g. too long for a name; whoever opens it says so
        pass
    return {"type": "packets", "url": source}
