"""Cases: letters, the case log, search, hand-over, export."""
