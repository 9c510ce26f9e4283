"""Which camera of a site a labelled clip stands for, and what is doubtful about it."""

from collections import Counter
from collections.abc import Iterator, Sequence

from pydantic import ValidationError

from vision.config.cameras import CameraSettings
from vision.config.rules import concerns
from vision.config.site import SiteSettings
from vision.core.errors import ConfigError
from vision.core.expected import mistake
from vision.core.scene import Zone
from vision.core.violations import Slug
from vision.evaluation.truth import TruthClip

_ID_CHARACTERS = frozenset("._-")
_ID_LENGTH = 64


def template_of(site: SiteSettings, truth: TruthClip) -> CameraSettings:
    """Return the camera that the truth names, or the first if there is none so named.

    Raises:
        ConfigError: the clip has no zones of its own, and it is not known whose count;
            or the camera moves.
    """
    named = _named(site, truth)
    if named is None and len(site.cameras) > 1 and not truth.zones:
        msg = (
            f"camera {truth.camera}: the truth has no zones and the site no such "
            f"camera; expected zones, or one of: {_cameras(site)}"
        )
        raise ConfigError(msg)
    template = named or site.cameras[0]
    if template.moving:
        msg = (
            f"camera {template.id} moves, and a truth says where in the picture "
            "something stands; expected clips of a camera that stands. Drives are "
            "judged on the map, by streetwarden evaluate drives"
        )
        raise ConfigError(msg)
    return template


def camera_of(truth: TruthClip, template: CameraSettings) -> CameraSettings:
    """Return the camera that watches a clip.

    Args:
        truth: its zones count; where it has none, those of the template do, with all
            else that the site says of that camera.
        template: of `template_of`.

    Raises:
        ConfigError: the truth's zones fit no camera.
    """
    clip: dict[str, object] = {
        "id": identifier(f"{truth.camera}.{truth.clip.stem}"),
        "name": truth.camera,
        "source": {
            "type": "packets",
            "url": str(truth.clip),
            "decode": "full",
            "starts_at": truth.starts_at,
        },
    }
    if truth.zones:
        clip |= {
            "period_s": template.period_s,
            "still_period_s": template.still_period_s,
            "zones": list(_zones(truth.zones)),
        }
    else:
        clip = template.model_dump() | clip
    try:
        return CameraSettings.model_validate(clip)
    except ValidationError as error:
        faults = "; ".join(mistake(fault) for fault in error.errors())
        msg = f"{truth.path.name}: {faults}"
        raise ConfigError(msg) from error


def doubts_of(site: SiteSettings, truth: TruthClip) -> list[str]:
    """Return what is probably a mistake, each in one sentence.

    A clip that `template_of` refuses has no doubts: it is told of when it is left out.
    """
    known = _named(site, truth) is not None or len(site.cameras) == 1
    if not known and not truth.zones:
        return []
    if (_named(site, truth) or site.cameras[0]).moving:
        return []
    template = template_of(site, truth)
    doubts = []
    if not known:
        doubts.append(
            f"camera {truth.camera}: the site has none of that name; period and rules "
            f"of {template.id} are taken; expected one of: {_cameras(site)}"
        )
    by_hour = [
        zone
        for zone in truth.zones or template.zones
        if zone.calendar is not None and truth.starts_at is None
    ]
    if by_hour:
        doubts.append(
            "zones are in force by a calendar and the truth has no starts_at: the hour "
            "is taken at which the file was last written"
        )
    counted = Counter(event.slug for event in truth.events if not event.ignore)
    for slug, count in sorted(counted.items()):
        if lacking := _lacking(site, truth, template, slug):
            doubts.append(f"{count} of {slug} can never be found: {lacking}")
    return doubts


def identifier(text: str, otherwise: str = "clip") -> str:
    """Return a text as an id of the configuration: ASCII, not too long.

    Args:
        text: a name in any script.
        otherwise: what it becomes when none of its characters may stand in an id.
    """
    kept = "".join(
        c if c.isascii() and (c.isalnum() or c in _ID_CHARACTERS) else "-" for c in text
    )
    return kept.lstrip("._-")[:_ID_LENGTH] or otherwise


def _named(site: SiteSettings, truth: TruthClip) -> CameraSettings | None:
    return next((one for one in site.cameras if one.id == truth.camera), None)


def _lacking(
    site: SiteSettings, truth: TruthClip, template: CameraSettings, slug: Slug
) -> str:
    rules = [rule for rule in site.rules if rule.type == slug.value]
    if not any(rule.watches(template.id) for rule in rules):
        return f"the site has no such rule for camera {template.id}"
    kinds = {zone.kind for zone in truth.zones or template.zones}
    if any(concerns(rule, template.id, kinds) for rule in rules):
        return ""
    whose = "the truth" if truth.zones else f"camera {template.id} of the site"
    return f"{whose} has no {rules[0].needs} zone"


def _cameras(site: SiteSettings) -> str:
    return ", ".join(camera.id for camera in site.cameras)


def _zones(zones: Sequence[Zone]) -> Iterator[dict[str, object]]:
    taken: set[str] = set()
    for number, zone in enumerate(zones, 1):
        zone_id = identifier(zone.zone_id, "zone")
        # Names in other scripts have few characters that an id may have.
        if zone_id in taken:
            zone_id = f"{zone_id[: _ID_LENGTH - 8]}-{number}"
        taken.add(zone_id)
        yield {
            "id": zone_id,
            "kind": zone.kind,
            "polygon": [(_share(x), _share(y)) for x, y in zone.polygon],
            "street_class": zone.street_class,
            "calendar": zone.calendar,
        }


def _share(value: float) -> float:
    return min(max(value, 0.0), 1.0)
