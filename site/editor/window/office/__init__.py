"""The office's pages: the guard of every request, and the way in."""
