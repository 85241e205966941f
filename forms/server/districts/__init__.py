"""Many districts in one service: each a folder of settings and a name, told apart by host (docs/decisions/0062)."""
