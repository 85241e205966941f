"""Reminders of events: to whom, in which words, over which gateway, at which cost."""
