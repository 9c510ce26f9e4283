"""A font that can write Chinese, found on this machine."""

import functools
import logging
from pathlib import Path

from PIL import ImageFont

log = logging.getLogger(__name__)

BUNDLED = Path(__file__).with_name("font.otf")
_CANDIDATES = (
    BUNDLED,
    Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"),
    Path("/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc"),
    Path("/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc"),
    Path("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"),
    Path("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc"),
    Path("/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf"),
    Path("/usr/share/fonts-droid-fallback/truetype/DroidSansFallback.ttf"),
    Path("/System/Library/Fonts/PingFang.ttc"),
    Path("C:/Windows/Fonts/msyh.ttc"),
    Path("C:/Windows/Fonts/simsun.ttc"),
)

_LATIN = 0xFF  # the last of ISO 8859-1

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@functools.cache
def font_path() -> Path | None:
    """Return a font file with Chinese characters, or None if there is none."""
    found = next((path for path in _CANDIDATES if path.is_file()), None)
    if found is None:
        log.warning(
            "no font with Chinese characters found; overlays show [?] in their place; "
            "install fonts-noto-cjk"
        )
    return found


@functools.lru_cache(maxsize=16)
def font(size_px: int) -> Font:
    """Return the font at a size, pixels; Pillow's own when there is no better one."""
    path = font_path()
    if path is None:
        return ImageFont.load_default(size_px)
    return ImageFont.truetype(str(path), size_px)


def writable(text: str) -> str:
    """Return text as the font can show it."""
    if font_path() is not None:
        return text
    # Pillow's own has Latin letters and ±.
    return "".join(char if ord(char) <= _LATIN else "?" for char in text)


def shortened(text: str, face: Font, width_px: float) -> str:
    """Return a line that is no wider than `width_px`, with dots where it was cut."""
    if face.getlength(text) <= width_px:
        return text
    while text and face.getlength(text + "...") > width_px:
        text = text[:-1]
    return text + "..."
