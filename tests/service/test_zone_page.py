"""Zones are drawn with the mouse, in a real browser, and the site file takes them."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml

from tests.fakes import START
from tests.service.browser import Tab, driven, in_browser
from vision.cli.zone_page import zone_page
from vision.config.zones import ZoneSettings
from vision.core.frame import Frame

pytestmark = in_browser
KERB = ZoneSettings.model_validate(
    {
        "id": "1.5",
        "kind": "no_parking",
        "street_class": "forbidden",
        "calendar": "daytime",
        "polygon": [[0.1, 0.6], [0.9, 0.6], [0.9, 0.8]],
    }
)


@pytest.fixture
def tab(tmp_path: Path) -> Iterator[Tab]:
    """Give the page of a camera with one zone, in a browser."""
    frame = Frame("</script>gate", 0, 0.0, START, np.zeros((180, 320, 3), np.uint8))
    page = tmp_path / "zones.html"
    text = zone_page(frame, [KERB], calendars=["daytime", "night"])
    page.write_text(text, encoding="utf-8")
    with driven(tmp_path / "profile") as one:
        one.go(page.as_uri())
        yield one


def press(
    tab: Tab, x: float, y: float, *, to: tuple[float, float] | None = None
) -> None:
    """Press at a place of the picture, in shares; `to`: drag from there."""
    left, top, width, height = tab.run(
        "(({x, y, width, height}) => [x, y, width, height])"
        "(document.querySelector('#stage image').getBoundingClientRect())"
    )

    def mouse(kind: str, at: tuple[float, float]) -> None:
        spot = {"x": left + at[0] * width, "y": top + at[1] * height}
        tab.call(
            "Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **spot
        )

    mouse("mousePressed", (x, y))
    if to is not None:
        mouse("mouseMoved", to)
    mouse("mouseReleased", to or (x, y))


def key(tab: Tab, name: str) -> None:
    """Press a key."""
    tab.call("Input.dispatchKeyEvent", type="keyDown", key=name)


def zones(tab: Tab) -> list[ZoneSettings]:
    """Return what the page gives, as the site file would take it."""
    given = yaml.safe_load("- id: gate\n" + _shifted(tab))
    return [ZoneSettings.model_validate(one) for one in given[0]["zones"]]


def _shifted(tab: Tab) -> str:
    text = str(tab.run("document.getElementById('yaml').value"))
    return "".join(line[2:] + "\n" for line in text.splitlines())


def test_what_the_site_file_has_comes_back_as_it_was(tab: Tab) -> None:
    assert zones(tab) == [KERB]


def test_an_area_is_drawn_named_and_taken_along(tab: Tab) -> None:
    for x, y in ((0.2, 0.1), (0.5, 0.1), (0.99, 0.99), (0.5, 0.3)):
        press(tab, x, y)
    key(tab, "Backspace")  # the last corner
    press(tab, 0.5, 0.5)
    key(tab, "Backspace")
    key(tab, "Backspace")  # and the one before
    press(tab, 0.5, 0.4)
    key(tab, "Enter")
    tab.run(
        """
        (() => {
          const id = document.querySelector('#rows tr:last-child input');
          id.value = 'yes'; id.dispatchEvent(new Event('input'));
          const [kind, calendar] =
            document.querySelectorAll('#rows tr:last-child select');
          kind.value = 'no_vending'; kind.dispatchEvent(new Event('change'));
          calendar.value = 'night'; calendar.dispatchEvent(new Event('change'));
        })()
        """
    )

    kerb, drawn = zones(tab)

    assert kerb == KERB
    assert (drawn.id, drawn.kind, drawn.calendar) == ("yes", "no_vending", "night")
    corners = np.array(drawn.polygon)
    assert corners == pytest.approx(
        np.array([(0.2, 0.1), (0.5, 0.1), (0.5, 0.4)]), abs=0.01
    )


def test_corners_are_dragged_and_areas_deleted(tab: Tab) -> None:
    press(tab, 0.1, 0.6, to=(0.3, 0.5))
    (moved,) = zones(tab)
    tab.run("document.querySelector('#rows button').click()")

    assert moved.polygon[0] == pytest.approx((0.3, 0.5), abs=0.01)
    assert moved.polygon[1:] == KERB.polygon[1:]
    assert zones(tab) == []


def test_an_id_that_a_site_file_would_refuse_is_told(tab: Tab) -> None:
    said = "document.getElementById('say').textContent"
    before = tab.run(said)
    tab.run(
        "(() => { const id = document.querySelector('#rows input'); id.value = 'a b';"
        " id.dispatchEvent(new Event('input')); })()"
    )

    assert before == ""
    assert json.dumps("a b") in tab.run(said)


def test_two_corners_are_no_area(tab: Tab) -> None:
    press(tab, 0.2, 0.2)
    press(tab, 0.4, 0.2)
    key(tab, "Enter")

    assert "three corners" in tab.run("document.getElementById('say').textContent")
    assert zones(tab) == [KERB]
