"""Where proof is kept, and with which key it is sealed."""

from dataclasses import replace
from datetime import timedelta, tzinfo

from vision.config.evidence import EvidenceSettings
from vision.config.home import Home
from vision.core.events import Provenance
from vision.core.ports import Clock, HealthListener
from vision.evidence.identity import recognise
from vision.evidence.keys import KeyFolder
from vision.evidence.passed import PassedPolicy
from vision.evidence.retention import RetentionPolicy
from vision.evidence.ring import RingLimits
from vision.evidence.seal import Sealer
from vision.evidence.store import PackageStore
from vision.evidence.store_policy import StorePolicy
from vision.evidence.takes import ClipPolicy


def build_evidence(
    home: Home,
    provenance: Provenance,
    *,
    clock: Clock,
    on_health: HealthListener,
    policy: StorePolicy,
) -> PackageStore:
    """Open the evidence folder under `home`; the first start makes a signing key.

    Raises:
        EvidenceError: the signing key cannot be read or made.
    """
    signer = KeyFolder(home.keys).signer()
    return PackageStore(
        home.evidence,
        sealer=Sealer(home.evidence, clock=clock, signer=signer),
        provenance=provenance,
        clock=clock,
        on_health=on_health,
        policy=replace(policy, passed=PassedPolicy(home.sights)),
    )


def recognise_evidence(home: Home) -> None:
    """Make sure that the evidence folder is the home's own, before anything is sent.

    Raises:
        EvidenceError: it is another, perhaps for want of its disk.
    """
    recognise(home.evidence, home.evidence_note)


def evidence_policy(settings: EvidenceSettings, zone: tzinfo | None) -> StorePolicy:
    """Return what the settings ask for; `zone` is the captions' time zone."""
    clip, keep = settings.clip, settings.keep
    # The ring must still hold the pre-roll when a decision comes a few frames late.
    ring = RingLimits(seconds=clip.before_s + 10.0)
    return StorePolicy(
        zone=zone,
        clips=ClipPolicy(
            pre_s=clip.before_s, post_s=clip.after_s, ring=ring, shared=clip.shared
        ),
        retention=RetentionPolicy(
            clips_for=timedelta(days=keep.clips_days),
            originals_for=timedelta(days=keep.originals_days),
            package_for=timedelta(days=keep.packages_days),
            quota_bytes=round(keep.quota_gib * (1 << 30)),
        ),
    )
