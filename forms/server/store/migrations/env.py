"""Run Alembic's steps over the connection, and in the transaction, that schema.py passes in."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
