"""The editor for a district's staff under a name of its own: accounts, ways to sign in, sessions, roles."""
