"""Pages and calendars that the build makes from events.csv."""
