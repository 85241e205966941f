"""Content in, pages out: what staff write in `content/` becomes the public site."""
