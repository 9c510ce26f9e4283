"""Take secrets out of text before it is logged or shown."""

import re

# The second form: a password may hold a slash that nobody has escaped. Rather a host
# too much is masked than a password too little.
_CREDENTIALS = re.compile(
    r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]*://)(?:[^/\s]*@|[^/\s@:]*:\S*@)"
)
# The scheme forgotten or mistyped: viewer:pw@192.0.2.17:554/stream1.
_LOGIN = re.compile(r"[^\s/@:'\"]{1,64}:[^\s/]{1,128}@(?=[\w.-]+[:/])")
_NAMED = re.compile(
    r"(?P<key>(?:password|passwd|pwd|pass|token|secret|api_?key|auth|sig(?:nature)?)=)"
    r"[^&\s]+",
    re.IGNORECASE,
)
# In the query of a URL, whatever sounds like one: auth_key, X-Amz-Credential, psw.
_QUERY = re.compile(
    r"(?P<key>[?&;](?:[\w.-]*(?:key|token|secret|pass|pwd|psw|auth|sig|cred)[\w.-]*"
    r"|pw?)=)[^&\s]+",
    re.IGNORECASE,
)


def without_secrets(text: str) -> str:
    """Return text with credentials in URLs and secret query values masked.

    Args:
        text: a URL, or any message that may hold some.

    Returns:
        `rtsp://user:pw@host/x?token=1` becomes `rtsp://***@host/x?token=***`.
    """
    masked = _LOGIN.sub("***@", _CREDENTIALS.sub(r"\g<scheme>***@", text))
    return _NAMED.sub(r"\g<key>***", _QUERY.sub(r"\g<key>***", masked))
