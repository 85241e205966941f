"""Steps from each schema of the databases to the next, for Alembic."""
