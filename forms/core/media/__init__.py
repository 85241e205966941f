"""Photos and recordings of people: limits, and decoding in a confined process."""
