"""Watch the public site as a visitor would, and compare it with what its publishers signed."""
