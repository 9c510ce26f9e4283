"""Where proof is kept, and with which key it is sealed."""

from datetime import tzinfo

from vision.config.home import Home
from vision.core.events import Provenance
from vision.core.ports import Clock, HealthListener
from vision.evidence.keys import KeyFolder
from vision.evidence.seal import Sealer
from vision.evidence.store import PackageStore, StorePolicy


def build_evidence(
    home: Home,
    provenance: Provenance,
    *,
    clock: Clock,
    on_health: HealthListener,
    zone: tzinfo | None,
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
        policy=StorePolicy(zone=zone),
    )
