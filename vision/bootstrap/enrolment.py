"""Which nodes' keys the desk of a cluster run trusts, since when, and why."""

import logging
from pathlib import Path

from vision.core.errors import EvidenceError
from vision.core.ports import Clock
from vision.evidence.canonical import sha256
from vision.evidence.keys import KeyFolder
from vision.evidence.ledger import TRUSTED, Ledger, Line

logger = logging.getLogger(__name__)


class NodeKeys:
    """Pins the key of every node that this machine has had watch.

    A node says its key once, as the first word of a post that this run itself started
    there, over the connection of the cluster; it is kept beside this machine's own
    (`KeyFolder`), for good, as what it sealed must verify for years. Verification asks
    that folder alone. A package brings no key along, and one that a stranger sealed
    does not verify, even if it came by way of the cluster.

    So whoever may start processes in the cluster is trusted as the nodes are: they
    could sign with a node's key anyway. That a node which is known by another key says
    a new one is therefore no reason to refuse it (`rotate-key` and new disks would cost
    evidence), but the log warns, and the ledger has on record, linked to all else, from
    when on which key of which node was trusted.
    """

    def __init__(self, keys: Path, evidence: Path, clock: Clock) -> None:
        """Name the folders.

        Args:
            keys: this machine's keys.
            evidence: its evidence folder, where the ledger lies.
            clock: wall time for the ledger.
        """
        self._keys = KeyFolder(keys)
        self._ledger = Ledger(evidence)
        self._clock = clock
        self._known: dict[str, str] | None = None

    def enrol(self, node: str, public_pem: bytes) -> None:
        """Trust a node's key from now on; what is no key is told of and left out.

        Args:
            node: the machine's name, for people.
            public_pem: an Ed25519 public key.

        Raises:
            OSError: it cannot be kept now.
        """
        try:
            key_id = self._keys.enrol(public_pem)
        except EvidenceError as error:
            logger.warning("node %s: its key is not trusted: %s", node, error)
            return
        known = self._on_record()
        if known.get(node) == key_id:
            return
        if node in known:
            logger.warning(
                "node %s seals with another key from now on: %s, before %s; if nobody "
                "rotated its key or set the machine up anew, find out why",
                node,
                key_id,
                known[node],
            )
        else:
            logger.info("node %s seals with key %s", node, key_id)
        note = f"{node}: {key_id}"
        line = Line(TRUSTED, "", "", 0, sha256(public_pem), note=note)
        self._ledger.append(line, self._clock.now())
        known[node] = key_id

    def _on_record(self) -> dict[str, str]:
        """Return the latest key id by node, as the ledger has it."""
        if self._known is None:
            self._known = {}
            try:
                for _, line in self._ledger.lines():
                    if line.kind == TRUSTED:
                        node, _, key_id = line.note.rpartition(": ")
                        self._known[node] = key_id
            except EvidenceError as error:
                logger.warning("which keys were trusted cannot be read: %s", error)
        return self._known
