"""Decoding on a graphics device, where one is asked for and there."""

import logging

from av.codec.hwaccel import HWAccel, hwdevices_available

from vision.core.errors import SourceOpenError
from vision.sources.options import PacketOptions

_log = logging.getLogger(__name__)


def accelerator(options: PacketOptions) -> HWAccel | None:
    """Return the device that decodes, or None for the processor.

    Args:
        options: which device, and whether the processor may stand in.

    Raises:
        SourceOpenError: there is no such device and the processor may not stand in.
    """
    if options.hardware is None:
        return None
    built_in = hwdevices_available()
    if options.hardware in built_in:
        # PyAV's own fall-back says nothing.
        return HWAccel(options.hardware, allow_software_fallback=False)
    have = ", ".join(built_in) or "none"
    give_up(options, f"this build of PyAV has no {options.hardware}, only {have}")
    return None


def give_up(options: PacketOptions, why: str) -> None:
    """Warn that the processor stands in, where it may.

    Args:
        options: of the camera.
        why: what is wrong with the device.

    Raises:
        SourceOpenError: it may not.
    """
    if not options.hardware_fallback:
        msg = (
            f"camera {options.camera_id}: hardware decoding: {why}; install the "
            "driver, remove `hardware`, or set `hardware_fallback: true` to let the "
            "processor decode"
        )
        raise SourceOpenError(msg)
    _log.warning(
        "hardware decoding: %s; the processor decodes instead, at several times the "
        "load; install the driver or remove `hardware`",
        why,
        extra={"camera": options.camera_id},
    )
