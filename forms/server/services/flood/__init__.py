"""Flood control: how many letters come at once, proof of work, and limits on look-ups and files."""
