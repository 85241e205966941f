"""Files that are whole or not there, and rows for spreadsheets."""
