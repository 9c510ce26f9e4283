"""Whatever stands in the audit log has its words in both languages."""

import re
from pathlib import Path

import serve
from serve.console.office.audit import KINDS
from serve.console.vocabulary_office import OFFICE

DEED = re.compile(r"Deed\([^)]*?\"([a-z_]+\.[a-z_]+)\"")


def test_every_deed_that_is_written_down_has_words_and_a_kind() -> None:
    sources = Path(serve.__file__).parent.rglob("*.py")
    deeds = {
        found for path in sources for found in DEED.findall(path.read_text("utf-8"))
    }

    assert {"original.read", "plates.read", "user.created"} <= deeds
    assert {one for one in deeds if f"deed_{one}" not in OFFICE} == set()
    assert {one for one in deeds if not one.startswith(KINDS)} == set()
    assert {kind for kind in KINDS if f"kind_{kind}" not in OFFICE} == set()
