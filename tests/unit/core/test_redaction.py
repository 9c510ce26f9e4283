import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.core.redaction import without_secrets


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rtsp://admin:pw@10.0.0.1/ch1", "rtsp://***@10.0.0.1/ch1"),
        ("open rtsp://a:b@h:554/x failed", "open rtsp://***@h:554/x failed"),
        ("http://h/x?Token=abc&y=1", "http://h/x?Token=***&y=1"),
        ("http://h/x?api_key=abc", "http://h/x?api_key=***"),
        ("rtsp://admin:P@ss@10.0.0.1/ch1", "rtsp://***@10.0.0.1/ch1"),
        ("rtsp://admin:P/ss#w@10.0.0.1/ch1", "rtsp://***@10.0.0.1/ch1"),
        ("https://h/s.flv?auth_key=17-0-5d41&v=1", "https://h/s.flv?auth_key=***&v=1"),
        (
            "https://h/x?access_key=A&Signature=B",
            "https://h/x?access_key=***&Signature=***",
        ),
        ("https://h/x?X-Amz-Credential=A&y=1", "https://h/x?X-Amz-Credential=***&y=1"),
        ("http://h/x?user=li&psw=geheim", "http://h/x?user=li&psw=***"),
        ("http://h/x?usr=li&p=geheim", "http://h/x?usr=li&p=***"),
        ("rtsp://h/cam?channel=1&subtype=0", "rtsp://h/cam?channel=1&subtype=0"),
        ("12 passed=3 keyframes=25", "12 passed=3 keyframes=25"),
        ("rtsp://h/plain", "rtsp://h/plain"),
        ("http://h:8321/readyz answers", "http://h:8321/readyz answers"),
        ("mail me at a@b.c", "mail me at a@b.c"),
    ],
)
def test_credentials_are_masked_and_nothing_else(text: str, shown: str) -> None:
    assert without_secrets(text) == shown


@given(
    st.text(st.characters(categories=("L", "N")), min_size=6),
    st.text(st.characters(categories=("L", "N")), min_size=6),
)
def test_no_password_survives(user: str, password: str) -> None:
    shown = without_secrets(f"cannot open rtsp://{user}:{password}@camera/stream")

    assert f":{password}" not in shown
