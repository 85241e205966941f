"""`portal status`: the state of an installation, in messages with days and never times."""
