"""Keeps what is sealed durably. The only folder that imports SQLAlchemy; SQLite or PostgreSQL by address."""
