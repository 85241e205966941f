"""Save what staff write: whole files, merged with others' edits, each save a commit of git."""
