"""Keeps what is sealed durably. The only folder that knows SQLAlchemy; SQLite or PostgreSQL by address."""
