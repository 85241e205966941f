"""What a district's content folder holds, as plain values."""
