"""`install-server`: user, folders, units, nginx and a first certificate (docs/deploy.md)."""
