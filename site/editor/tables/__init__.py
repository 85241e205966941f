"""Tables as staff edit them: rows, what is wrong with them, and what a save may not change."""
