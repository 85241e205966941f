"""Base64url without padding (RFC 4648, section 5), as WebAuthn writes bytes: each value has one spelling only."""

from base64 import urlsafe_b64decode, urlsafe_b64encode


def encode(data: bytes) -> str:
    """Return bytes as base64url without padding."""
    return urlsafe_b64encode(data).decode("ascii").rstrip("=")


def decode(text: str) -> bytes:
    """Return the bytes of a text in base64url. Raises ValueError for any other character, padding, or unused bits."""
    data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if encode(data) != text:  # Python ignores characters that it does not know
        raise ValueError("not base64url")
    return data
