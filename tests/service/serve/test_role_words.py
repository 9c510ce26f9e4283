import pytest

from serve.console.words import Language, role_name


@pytest.mark.parametrize(
    ("role", "english", "chinese"),
    [
        ("manifest", "list of files", "证据清单"),
        ("signature", "signature", "数字签名"),
        ("overlay_wide_deciding", "moment of decision, marked", "判定时刻·标注图"),
        ("of_another_engine", "of another engine", "of another engine"),
    ],
)
def test_an_evidence_file_is_named_by_what_it_shows(
    role: str, english: str, chinese: str
) -> None:
    assert role_name(role, Language.EN) == english
    assert role_name(role, Language.ZH) == chinese
