"""Pages for tables: rows, whole tables, and reading both."""
