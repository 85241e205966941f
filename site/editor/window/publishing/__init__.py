"""Pages for publishing: what would change, a second person's approval, history and undo."""
