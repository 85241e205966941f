"""What commands say and ask in a terminal, or where there is none."""
