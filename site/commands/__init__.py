"""The commands of build.py for the site and its staff."""
