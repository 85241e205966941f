"""CSV files and days as spreadsheets write them."""
