"""The folders that content is made of: a district's own, and the libraries under it."""
