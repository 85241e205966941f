"""The command line of the desk."""
