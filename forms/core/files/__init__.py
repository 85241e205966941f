"""Files: atomic and durable writing, locks, formats of sound, and CSV for spreadsheets."""
