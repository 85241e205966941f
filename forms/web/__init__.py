"""Flask plumbing that the forms server and the desk window share."""
