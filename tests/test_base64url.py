"""Base64url as devices write it: each value has one spelling, and nothing else is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms.core.crypto import base64url


@given(st.binary(max_size=80))
def test_bytes_come_back(data: bytes) -> None:
    assert base64url.decode(base64url.encode(data)) == data


@pytest.mark.parametrize("text", ["AA==", "AA=", "A", "AB", "A A", "AA\n", "A+/B", "AA!", "!AA", "ＡＡ", "அ"])
def test_another_spelling_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"base64url|ASCII|padd|data characters"):
        base64url.decode(text)
