"""What people get wrong in a site file, and what they are told."""

from pathlib import Path

import pytest

from vision.config.site import load_site
from vision.config.taxonomy import load_taxonomy
from vision.core.errors import ConfigError

SITE = """\
site: demo
model: {type: onnx, path: models/street-n}
cameras:
  - id: gate
    name: 东门
    source:
      type: packets
      url: rtsp://viewer:secret@192.0.2.17:554/stream1
      rtsp_transport: tcp
    gb_id: "34020000001320000017"
    zones:
      - {id: kerb, kind: no_parking, polygon: [[0, 0], [1, 0], [1, 1]]}
calendars:
  day:
    windows:
      - {days: weekdays, since: "07:00", until: "20:00"}
rules:
  - {type: illegal_parking, grace_s: 30}
sinks:
  - {type: jsonl}
"""
SIGN = "is a Chinese (full-width) sign"
SHIPPED = Path("configs/taxonomy/gbt47678.yaml")


def told(tmp_path: Path, text: str) -> str:
    file = tmp_path / "site.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_site(file)
    return str(caught.value).removeprefix(f"{file}: ")


def test_the_file_that_is_spoilt_below_is_right(tmp_path: Path) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(SITE, encoding="utf-8")

    assert load_site(file).settings.site == "demo"


@pytest.mark.parametrize(
    ("right", "wrong", "words"),
    [
        ("  - id: gate", "\t- id: gate", "line 4: a tab in the indentation; write spa"),
        ("    source:", "    \tsource:", "line 6: a tab in the indentation"),
        (
            "    source:",
            "  　 source:",
            "line 6: the indentation holds the sign U+3000",
        ),
        ("demo\n", "demo\nb：c\n# comment\n\n", f"line 2: ： {SIGN}"),
        ("site: demo", "site：demo", f"line 1: ： {SIGN}; write ': '"),
        ("name: 东门", "name：东门", f"line 5: ： {SIGN}"),
        ("parking, grace", "parking，grace", f"line 18: ， {SIGN}; write ', '"),
        ("- {type: ill", "- ｛type: ill", f"line 18: ｛ {SIGN}; write '{{'"),
        ("tcp\n", "tcp: udp\n", "line 9: a second ': ' in one value; put the value in"),
        (
            "rtsp_transport: tcp",
            "rtsp_transport:tcp",
            "line 9: expected a space behind",
        ),
        (
            "[1, 1]]}",
            "[1, 1]}",
            "line 12: a bracket opens that is not closed, or a com",
        ),
        (
            "    source:",
            "   source:",
            "line 6: it stands farther left or right than wh",
        ),
        (
            "sinks:",
            "---\nsinks:",
            "line 19: a second document begins (---); expected on",
        ),
        (
            "demo",
            '"demo',
            "line 10: text behind a closing quote; is one missing further",
        ),
        (
            "demo",
            "@demo",
            "line 1: found character '@' that cannot start any token; put",
        ),
        ("demo", "*demo", "line 1: found undefined alias 'demo'"),
    ],
)
def test_what_is_no_yaml_is_told_with_its_line_and_what_to_do(
    tmp_path: Path, right: str, wrong: str, words: str
) -> None:
    assert right in SITE

    assert told(tmp_path, SITE.replace(right, wrong, 1)).startswith(
        f"not YAML: {words}"
    )


def test_a_chinese_sign_in_a_text_is_not_blamed_for_another_slip(
    tmp_path: Path,
) -> None:
    text = SITE.replace("东门", "东门，菜市场：北").replace("    source:", "   source:")

    assert "it stands farther left or right" in told(tmp_path, text)


@pytest.mark.parametrize(
    ("right", "wrong", "words"),
    [
        (
            "rtsp_transport",
            "rtsp_transprot",
            "(line 9): got an unknown key; did you mean rtsp_transport? expected one o",
        ),
        ("cameras:", "camera:", "got an unknown key; did you mean cameras? expected"),
        (
            "day:\n",
            "day:\n    workday: []\n",
            "did you mean workdays? expected one of h",
        ),
        (
            "illegal_parking",
            "ilegal_parking",
            "rules.0.type (line 18): got ilegal_parking; did you mean illegal_p",
        ),
        ("kind: no_parking", "kind: parkin", "did you mean parking? expected 'no_park"),
        (
            "grace_s: 30",
            "grace_s: 3min",
            "'3min'; expected a number of seconds, without",
        ),
        ("grace_s: 30", "grace_s: -3", "got -3; expected more than 0"),
        ("grace_s: 30", "grace_s: .inf", "got inf; expected a finite number"),
        (
            "[1, 0]",
            "[1，0]",
            "polygon.1.1 (line 12): got nothing; expected a value here",
        ),
        (
            "{days: weekdays,",
            "{days: workdays,",
            "days (line 16): got 'workdays'; expect",
        ),
        (
            "{days: weekdays,",
            "{days: [so],",
            "got ['so']; expected daily, weekdays, wee",
        ),
        ('"20:00"', '"25:00"', "got '25:00'; expected a time of day in quotes"),
        ('"34020000001320000017"', "34020000001320000017", "put it in quotes"),
        (
            '"34020000001320000017"',
            '"3402"',
            "got '3402'; expected 20 digits in quotes",
        ),
        (
            "site: demo",
            "site: 西区",
            "got '西区'; expected letters A-Z and a-z, digits",
        ),
        (
            "rtsp://",
            "rtsp:/",
            "got 'rtsp:/***@192.0.2.17:554/stream1'; it is no address ",
        ),
        (
            "rtsp://",
            "",
            "got '***@192.0.2.17:554/stream1'; it is no address and no file",
        ),
        (
            ":secret@",
            ":${PW@",
            "got ${PW; expected ${NAME} for what the environment var",
        ),
        (
            ":secret@",
            ":$GATE_PW@",
            "got $GATE_PW; expected ${NAME} for what the environ",
        ),
        (
            "{type: jsonl}",
            '{type: http, url: "http://a", api_key_env: sw_abc}',
            "sinks.0 (line 20): api_key_env holds a key itself; expected the",
        ),
        (
            "no_parking, polygon",
            "no_parking, calendar: dy, polygon",
            "the file: zone kerb of camera gate names the calendar dy; expected",
        ),
    ],
)
def test_what_is_no_setting_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, right: str, wrong: str, words: str
) -> None:
    monkeypatch.setenv("GATE_PW", "x")
    assert right in SITE

    text = told(tmp_path, SITE.replace(right, wrong, 1))

    assert words in text
    assert "secret" not in text
    assert "sw_abc" not in text


def test_a_dollar_in_a_password_is_no_variable_unless_there_is_one(
    tmp_path: Path,
) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(SITE.replace(":secret@", ":pa$SWORD$5@"), encoding="utf-8")

    source = load_site(file).settings.cameras[0].source

    assert source.address == "rtsp://viewer:pa$SWORD$5@192.0.2.17:554/stream1"


def test_an_empty_file_is_told_what_it_lacks(tmp_path: Path) -> None:
    assert "the file: got nothing; expected a mapping" in told(tmp_path, "# later\n")


def test_a_taxonomy_that_is_not_there_points_to_one_that_ships(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"no such file; start from .*{SHIPPED}"):
        load_taxonomy(tmp_path / "missing.yaml")
