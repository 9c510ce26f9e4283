"""The one door to Blender: everything else asks here for ``bpy``.

Blender's module carries no type information, so its objects are ``Any`` here and
nowhere else; what reads scenarios or truth files never imports this module.
"""

from typing import Any, TypeAlias

import bpy as _bpy  # type: ignore[import-not-found,unused-ignore]  # .venv-render

bpy: Any = _bpy
Object: TypeAlias = Any
Material: TypeAlias = Any


def wipe() -> None:
    """Throw away everything in the open file."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
