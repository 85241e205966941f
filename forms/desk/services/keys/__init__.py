"""The keys of this machine and of all desks: which are trusted, changed and retired."""
