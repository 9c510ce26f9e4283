"""The console's script in a real browser: it renews pages and takes nothing away."""

from importlib.resources import files
from pathlib import Path

import pytest

from serve.people.roles import Role
from tests.service.browser import driven, in_browser, shown
from tests.service.serve.conftest import Live

pytestmark = in_browser
# What the service answers is made up: the page as it is now says something else.
PAGE = """<!doctype html><body data-types="case.noted"><span id=live hidden></span>
<main id=main><select id=one><option>a<option selected>b<option>c</select>
<select id=two><option>d<option>e</select><p id=said>before</p></main><script>
const real = window.fetch;
window.fetch = async () => new Response('<main id=main><p id=said>after</p></main>');
window.EventSource = class { addEventListener(_, hint) { window.hint = hint; } };
document.addEventListener('DOMContentLoaded', () => setTimeout(() => {
  CHANGE
  hint();
  setTimeout(() => real('/told', {method: 'POST', body: JSON.stringify({
    said: document.getElementById('said').textContent})}), 1500);
}));
</script><script src="console.js"></script>"""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("", "after"),
        ("document.getElementById('one').selectedIndex = 2;", "before"),
        ("document.getElementById('two').selectedIndex = 1;", "before"),
    ],
)
def test_a_page_is_renewed_unless_somebody_has_chosen_something(
    change: str, said: str, tmp_path: Path
) -> None:
    folder = tmp_path / "page"
    folder.mkdir()
    script = files("serve.console").joinpath("static", "console.js").read_bytes()
    (folder / "console.js").write_bytes(script)

    with shown(folder, PAGE.replace("CHANGE", change), tmp_path / "profile") as told:
        heard = told.get(timeout=150)

    assert heard["said"] == said


def test_a_person_can_sign_in(live: Live, tmp_path: Path) -> None:
    password = "correct horse battery"  # noqa: S105 a test's own
    live.services.users.create("li", password, Role.REVIEWER)

    with driven(tmp_path / "profile") as tab:
        tab.go(live.url)
        for field, value in (("name", "li"), ("password", password)):
            tab.run(f"document.querySelector('[name={field}]').value = {value!r}")
        tab.press("form.login button")

        assert tab.run("document.querySelector('a.me').textContent") == "li"
