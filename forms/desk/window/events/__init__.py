"""The window's pages about events, reminders and visits."""
