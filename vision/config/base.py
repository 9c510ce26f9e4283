"""What all settings have in common."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

from vision.core.shipped import shipped

# A path that may name what ships with Streetwarden, from any working directory.
ShippedPath = Annotated[Path, AfterValidator(shipped)]


class Settings(BaseModel):
    """Strict and frozen: an unknown key is a mistake, not a wish."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=False, allow_inf_nan=False
    )
