from pathlib import Path

import pytest

from vision.config.home import Home
from vision.config.problems import InvalidConfigError
from vision.config.site import SiteSettings, load_site
from vision.config.sources import PacketsSource
from vision.core.errors import ConfigError

GOOD = """
site: demo
model: {type: onnx, path: models/street-n}
cameras:
  - id: gate
    source: {type: packets, url: "rtsp://camera/1"}
    zones:
      - {id: kerb, kind: no_parking, polygon: [[0, 0], [1, 0], [1, 1]]}
rules:
  - {type: illegal_parking, grace_s: 30}
sinks:
  - {type: jsonl}
"""


def _problems(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "site.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidConfigError) as caught:
        load_site(file)
    return [problem.text() for problem in caught.value.problems]


def test_a_right_file_gives_settings_and_the_hash_of_its_bytes(tmp_path: Path) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(GOOD, encoding="utf-8")

    loaded = load_site(file)

    assert isinstance(loaded.settings, SiteSettings)
    assert loaded.settings.cameras[0].zones[0].id == "kerb"
    assert len(loaded.sha256) == 64


def test_corners_in_pixels_are_told_to_be_shares(tmp_path: Path) -> None:
    problem, _ = _problems(tmp_path, GOOD.replace("[1, 1]]", "[640, 360]]"))

    assert "got 640; expected a share of the picture, 0 to 1" in problem
    assert "pixels divided by its width or height" in problem


def test_all_mistakes_are_told_at_once_with_path_and_line(tmp_path: Path) -> None:
    text = GOOD.replace("grace_s: 30", "grace_s: -1").replace(
        "[1, 1]]", "[1, 2]], colour: red"
    )

    problems = _problems(tmp_path, text)

    assert len(problems) == 3
    assert any(
        p.startswith("cameras.0.zones.0.polygon.2.1 (line 8): got 2;") for p in problems
    )
    assert any(
        p.startswith("cameras.0.zones.0.colour (line 8): got an unknown key")
        for p in problems
    )
    assert any(p.startswith("rules.0.grace_s (line 10): got -1;") for p in problems)


def test_a_zone_with_two_points_is_refused(tmp_path: Path) -> None:
    problems = _problems(
        tmp_path, GOOD.replace("[[0, 0], [1, 0], [1, 1]]", "[[0, 0], [1, 0]]")
    )

    assert len(problems) == 1
    assert "cameras.0.zones.0.polygon (line 8)" in problems[0]
    assert "at least 3" in problems[0]


def test_a_zone_without_ground_is_refused(tmp_path: Path) -> None:
    line = "[[0, 0], [0.5, 0.5], [1, 1]]"
    (problem,) = _problems(tmp_path, GOOD.replace("[[0, 0], [1, 0], [1, 1]]", line))

    assert "cameras.0.zones.0.polygon (line 8)" in problem
    assert "in one line; expected corners of an area" in problem


def test_a_key_written_twice_is_refused_with_both_lines(tmp_path: Path) -> None:
    problems = _problems(tmp_path, GOOD + "site: other\n")

    assert len(problems) == 1
    assert problems[0].startswith("site (line 13): got the key a second time;")
    assert problems[0].endswith("(first on line 2)")


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    problems = _problems(tmp_path, GOOD.replace("site: demo\n", ""))

    assert problems == ["site: got nothing; expected this key; it is required"]


def test_a_wrong_member_does_not_also_count_as_an_empty_list(tmp_path: Path) -> None:
    problems = _problems(tmp_path, GOOD.replace("type: jsonl", "type: carrier_pigeon"))

    assert len(problems) == 1
    assert "'http', 'jsonl'" in problems[0]


def test_two_cameras_of_one_name_are_refused(tmp_path: Path) -> None:
    camera = '  - {id: gate, source: {type: opencv, url: "0"}}\n'

    problems = _problems(tmp_path, GOOD.replace("rules:", f"{camera}rules:"))

    assert any("camera id gate is used twice" in p for p in problems)


def test_two_zones_of_one_name_are_refused(tmp_path: Path) -> None:
    zone = "      - {id: kerb, kind: clean, polygon: [[0, 0], [1, 0], [1, 1]]}\n"

    problems = _problems(tmp_path, GOOD.replace("rules:", f"{zone}rules:"))

    assert any("zone ids used twice: kerb" in p for p in problems)


def test_a_rule_for_an_unknown_camera_is_refused(tmp_path: Path) -> None:
    problems = _problems(tmp_path, GOOD.replace("grace_s: 30", "cameras: [gat]"))

    assert any("unknown cameras: gat; expected some of gate" in p for p in problems)


def test_two_rules_of_one_type_at_a_camera_are_refused(tmp_path: Path) -> None:
    """Their events would have the same ids: the outbox takes one for the other."""
    second = "  - {type: illegal_parking, grace_s: 600, cameras: [gate]}\n"
    (problem,) = _problems(tmp_path, GOOD.replace("sinks:", f"{second}sinks:"))
    assert "camera gate has more than one rule of the type illegal_parking" in problem

    yard = '  - {id: yard, source: {type: opencv, url: "0"}}\n'
    apart = GOOD.replace("grace_s: 30", "grace_s: 30, cameras: [yard]")
    file = tmp_path / "site.yaml"
    file.write_text(
        apart.replace("rules:", f"{yard}rules:").replace("sinks:", f"{second}sinks:")
    )
    assert len(load_site(file).settings.rules) == 2


def test_a_gap_shorter_than_the_time_between_two_pictures_is_refused(
    tmp_path: Path,
) -> None:
    """No dwell would ever count: refuse is looked for every ten seconds only."""
    refuse = GOOD.replace("illegal_parking, grace_s: 30", "garbage_pile")
    (problem,) = _problems(tmp_path, f"{refuse}places: {{max_gap_s: 10}}\n")
    assert "camera gate gives a picture every 10 s" in problem

    file = tmp_path / "site.yaml"
    file.write_text(f"{refuse}places: {{max_gap_s: 20}}\n", encoding="utf-8")
    assert load_site(file).settings.places.max_gap_s == 20


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("overflowing_bin, full_share: 0.3, empty_share: 0.6", "full_share to be"),
        ("overflowing_bin, empty_share: 0.6", "full_share to be"),
        ("garbage_pile, large_growth: 4", "huge_growth to be"),
    ],
)
def test_limits_that_contradict_each_other_are_refused(
    tmp_path: Path, rule: str, told: str
) -> None:
    (problem,) = _problems(tmp_path, GOOD.replace("illegal_parking, grace_s: 30", rule))

    assert told in problem


@pytest.mark.parametrize(
    "scores", ["keep_score: 0.5", "open_scores: {bin: 0.1}", "open_score: 0.1"]
)
def test_a_score_that_opens_but_does_not_keep_is_refused(
    tmp_path: Path, scores: str
) -> None:
    (problem,) = _problems(tmp_path, f"{GOOD}places: {{{scores}}}\n")

    assert "keep_score to be no greater than any of them" in problem


def test_a_rule_for_no_camera_at_all_is_refused(tmp_path: Path) -> None:
    (problem,) = _problems(tmp_path, GOOD.replace("grace_s: 30", "cameras: []"))

    assert problem.startswith("rules.0.cameras (line 10): got [];")


@pytest.mark.parametrize(
    ("sink", "again", "name"),
    [
        ("type: jsonl, path: a.jsonl", "type: jsonl, path: ./a.jsonl", "a.jsonl"),
        ("type: http, url: http://x", "type: http, url: http://x/", "http://x"),
    ],
)
def test_a_receiver_that_is_named_twice_is_refused(
    tmp_path: Path, sink: str, again: str, name: str
) -> None:
    problems = _problems(
        tmp_path, GOOD.replace("type: jsonl", sink + "}\n  - {" + again)
    )

    assert any(f"receiver {name} is used twice" in p for p in problems)


def test_a_receiver_that_is_no_web_address_is_refused(tmp_path: Path) -> None:
    problems = _problems(
        tmp_path, GOOD.replace("type: jsonl", "type: http, url: ftp://x")
    )

    assert any("http:// or https://" in p for p in problems)


@pytest.mark.parametrize(
    ("password", "written"),
    [
        ("simple", "simple"),
        ("p#s/s@?", "p%23s%2Fs%40%3F"),
        ("100%", "100%25"),
        ("p%23ss", "p%23ss"),  # somebody has done it already
        ("密码", "%E5%AF%86%E7%A0%81"),
    ],
)
def test_a_password_may_hold_any_character(
    password: str, written: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATE_PASSWORD", password)
    file = tmp_path / "site.yaml"
    url = "rtsp://viewer:${GATE_PASSWORD}@camera/1"
    file.write_text(GOOD.replace("rtsp://camera/1", url), encoding="utf-8")

    source = load_site(file).settings.cameras[0].source

    assert isinstance(source, PacketsSource)
    assert source.url == f"rtsp://viewer:{written}@camera/1"


def test_a_variable_outside_a_login_is_taken_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATE_PATH", "a/b?c=#1")
    file = tmp_path / "site.yaml"
    url = "rtsp://viewer@camera/${GATE_PATH}"
    file.write_text(GOOD.replace("rtsp://camera/1", url), encoding="utf-8")

    source = load_site(file).settings.cameras[0].source

    assert isinstance(source, PacketsSource)
    assert source.url == "rtsp://viewer@camera/a/b?c=#1"


@pytest.mark.parametrize(
    "url", ["rtsp://viewer:p#ss@camera/1", "rtsp://viewer:p/ss@camera/1", "rtsp:///1"]
)
def test_an_address_without_a_host_is_refused_and_shows_no_password(
    url: str, tmp_path: Path
) -> None:
    problems = _problems(tmp_path, GOOD.replace("rtsp://camera/1", url))

    assert len(problems) == 1
    assert problems[0].startswith("cameras.0.source.url (line 6)")
    assert "write # as %23" in problems[0]
    assert "ss@" not in problems[0]


def test_an_address_of_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    problems = _problems(tmp_path, GOOD.replace("rtsp://", "rstp://"))

    assert len(problems) == 1
    assert problems[0].startswith("cameras.0.source.url (line 6)")
    assert "rstp:// is no kind of stream known here; expected one of" in problems[0]


def test_a_variable_comes_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMERA_PASSWORD", "s3cret")
    file = tmp_path / "site.yaml"
    file.write_text(GOOD.replace("//camera", "//u:${CAMERA_PASSWORD}@camera"))

    source = load_site(file).settings.cameras[0].source

    assert source.type == "packets"
    assert source.url == "rtsp://u:s3cret@camera/1"


def test_an_unset_variable_is_named(tmp_path: Path) -> None:
    problems = _problems(tmp_path, GOOD.replace("//camera", "//${NOT_SET_ANYWHERE}"))

    assert len(problems) == 1
    assert problems[0].startswith("cameras.0.source.url (line 6)")
    assert problems[0].endswith("set the environment variable NOT_SET_ANYWHERE")


def test_a_wrong_value_is_shown_short_and_without_its_password(tmp_path: Path) -> None:
    text = GOOD.replace("packets, url:", "packets, decode:").replace(
        "rtsp://camera/1", "rtsp://admin:hunter2@camera/" + "x" * 200
    )

    problems = _problems(tmp_path, text)

    assert not any("hunter2" in p for p in problems)
    assert any("…" in p for p in problems)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: [1", "not YAML"),
        (b"\xff\xfe", "not UTF-8 at byte 0"),
        (b"", "expected a mapping"),
        (b"- 1", "expected a mapping"),
    ],
)
def test_a_file_that_is_no_site_is_refused_in_words(
    tmp_path: Path, content: bytes, message: str
) -> None:
    file = tmp_path / "site.yaml"
    file.write_bytes(content)

    with pytest.raises(ConfigError, match=message):
        load_site(file)


def test_an_alias_bomb_is_refused(tmp_path: Path) -> None:
    lines = ["a: &a [1,1,1,1,1,1,1,1,1,1]"]
    lines += [
        f"{name}: &{name} [{','.join([f'*{before}'] * 10)}]"
        for before, name in zip("abcde", "bcdef", strict=True)
    ]
    file = tmp_path / "site.yaml"
    file.write_text("\n".join(lines))

    with pytest.raises(ConfigError, match="fewer aliases"):
        load_site(file)


def test_a_missing_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file; start from configs/site"):
        load_site(tmp_path / "none.yaml")


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_site(tmp_path)


def test_a_file_without_an_end_is_refused() -> None:
    with pytest.raises(ConfigError, match="larger than"):
        load_site(Path("/dev/zero"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("site: &a [*a]", "an alias of itself"),
        ("[" * 5_000, "line 1: nested deeper than 32 levels"),
        ("{a: " * 5_000, "line 1: nested deeper than 32 levels"),
        ("- " * 5_000, "line 1: nested deeper than 32 levels"),
        ("site: " + "[" * 100 + "]" * 100, "line 1: nested deeper than 32 levels"),
    ],
)
def test_a_file_nested_without_end_is_refused(
    text: str, told: str, tmp_path: Path
) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError, match=told):
        load_site(file)


@pytest.mark.parametrize("value", ["2026-13-45", "1" * 5_000])
def test_a_value_that_yaml_cannot_read_is_a_mistake_with_its_line(
    value: str, tmp_path: Path
) -> None:
    problems = _problems(tmp_path, GOOD.replace("demo", value))

    assert problems[0].startswith(f"site (line 2): got {value[:10]}")
    assert len(problems[0]) < 200


def test_a_huge_file_is_not_even_read(tmp_path: Path) -> None:
    file = tmp_path / "site.yaml"
    with file.open("wb") as out:
        out.truncate(5 * 1024 * 1024)

    with pytest.raises(ConfigError, match="larger than"):
        load_site(file)


def test_the_home_folder_comes_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREETWARDEN_HOME", str(tmp_path / "state"))

    home = Home.from_environment()
    home.prepare()

    assert home.outbox.parent == home.evidence.parent == tmp_path / "state"
    assert list(home.root.iterdir()) == []


def test_a_second_engine_is_kept_out_of_a_home_until_the_first_ends(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path / "state")

    with (
        home.claimed(),
        pytest.raises(ConfigError, match=r"state, in use by another engine; expected"),
        home.claimed(),
    ):
        pass

    with home.claimed():
        assert home.root.is_dir()


def test_an_empty_home_variable_means_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STREETWARDEN_HOME", "")

    assert Home.from_environment().root == Path(".streetwarden")


def test_a_home_that_cannot_be_written_is_refused_at_start(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")

    with pytest.raises(
        ConfigError, match=r"STREETWARDEN_HOME: got .*expected a writable"
    ):
        Home(blocked / "state").prepare()


@pytest.mark.parametrize(
    ("zone", "rules", "period_s"),
    [
        ("no_parking", ["illegal_parking", "garbage_pile"], 2.0),
        ("clean", ["illegal_parking", "garbage_pile"], 10.0),  # nothing to park in
        ("clean", ["garbage_pile, period_s: 30", "overflowing_bin"], 10.0),
        ("no_parking", ["illegal_parking, cameras: [yard]", "garbage_pile"], 10.0),
    ],
)
def test_a_camera_gives_pictures_as_often_as_its_rules_need(
    tmp_path: Path, zone: str, rules: list[str], period_s: float
) -> None:
    yard = """  - id: yard
    period_s: 7
    source: {type: packets, url: "rtsp://camera/2"}
rules:"""
    text = GOOD.replace("no_parking", zone).replace("rules:", yard)
    listed = "\n".join(f"  - {{type: {rule}}}" for rule in rules)
    text = text.replace("  - {type: illegal_parking, grace_s: 30}", listed)
    file = tmp_path / "site.yaml"
    file.write_text(text, encoding="utf-8")

    gate, told = load_site(file).settings.cameras

    assert gate.period_s == period_s
    assert told.period_s == 7  # who says it is asked nothing


def test_options_of_a_provider_that_is_not_used_are_a_mistake(tmp_path: Path) -> None:
    site = GOOD.replace(
        "path: models/street-n}",
        "path: models/street-n, provider_options: {CUDAExecutionProvider: {a: 1}}}",
    )

    problems = _problems(tmp_path, site)

    assert len(problems) == 1
    assert "CUDAExecutionProvider" in problems[0]
    assert "expected some of providers ['CPUExecutionProvider']" in problems[0]
