"""What the engine's reasons say in words, in both languages."""

import pytest

from serve.console.words import Language, Reason, sentence


def test_a_fact_that_nobody_translated_is_still_readable() -> None:
    said = sentence(
        {"name": "kerb_height", "value": 0.12, "unit": "m", "bound": "<= 0.2"},
        Language.EN,
    )

    assert said.text == "kerb height: 0.12 m (needed ≤ 0.2 m)"
    assert said.holds is None


@pytest.mark.parametrize(
    ("name", "value", "bound", "english"),
    [
        ("overlap", 1, ">= 0.3", "Stands inside the zone: 100% (needed ≥ 30%)"),
        (
            "support",
            0.75,
            ">= 1",
            "Recognised in recent pictures: 75% (needed ≥ 100%)",
        ),
        (
            "passed_vehicles",
            1,
            ">= 3",
            "Vehicles that passed by meanwhile: 1 (needed ≥ 3)",
        ),
    ],
)
def test_a_share_is_a_percentage_and_a_count_is_none(
    name: str, value: float, bound: str, english: str
) -> None:
    reason: Reason = {"name": name, "value": value, "unit": "1", "bound": bound}

    assert sentence(reason, Language.EN).text == english


@pytest.mark.parametrize(
    ("value", "bound", "english"),
    [
        (22.54, ">= 22.5", "22.5 s (needed ≥ 22.5 s)"),
        (24.02, ">= 22.5", "24 s (needed ≥ 22.5 s)"),
        (59.97, ">= 90.5", "1 min (needed ≥ 1 min 30 s)"),
        (30, ">= 30", "30 s (needed ≥ 30 s)"),
    ],
)
def test_a_limit_that_is_no_whole_second_is_not_said_as_another(
    value: float, bound: str, english: str
) -> None:
    reason: Reason = {"name": "observed_s", "value": value, "unit": "s", "bound": bound}

    assert sentence(reason, Language.EN).text == f"Seen standing still: {english}"


def test_what_a_fact_says_and_needs_is_translated() -> None:
    reasons: list[Reason] = [
        {"name": "calendar", "value": "always", "bound": "in force"},
        {"name": "traffic", "value": "parked", "bound": "no queue"},
        {"name": "permit", "value": "stalls 18:00", "bound": "none"},
    ]

    said = [sentence(reason, Language.ZH).text for reason in reasons]

    assert said == [
        "生效时段: 始终 (要求 生效中)",
        "交通状况: 停放 (要求 非排队)",
        "许可: stalls 18:00 (要求 无)",
    ]


@pytest.mark.parametrize(
    ("window", "english", "chinese"),
    [
        ("daily 00:00–24:00", "daily 00:00–24:00", "每天 00:00–24:00"),
        ("weekdays 07:00–20:00", "weekdays 07:00–20:00", "工作日 07:00–20:00"),
        ("Sat,Sun 22:00–06:00", "Sat, Sun 22:00–06:00", "周六、周日 22:00–06:00"),
        ("holidays 09:00–18:00", "holidays 09:00–18:00", "节假日 09:00–18:00"),
        ("2026-10-01 09:00–18:00", "2026-10-01 09:00–18:00", "2026-10-01 09:00–18:00"),
    ],
)
def test_the_hours_in_which_a_zone_is_in_force_are_translated(
    window: str, english: str, chinese: str
) -> None:
    reason: Reason = {"name": "calendar", "value": window}

    assert sentence(reason, Language.EN).text == f"In force: {english}"
    assert sentence(reason, Language.ZH).text == f"生效时段: {chinese}"
