"""Photos and recordings from outside: limits, and decoding in a confined process."""
