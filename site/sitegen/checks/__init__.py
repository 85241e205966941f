"""Checks of content/: mistakes of staff, each as a message with file, line and what to do."""
