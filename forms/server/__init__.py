"""The forms server: takes sign-ups and encrypted concerns, hands them to desks. It holds no key that opens a letter."""
