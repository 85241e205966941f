"""What one side proves to the other: answers and additions by the receipt, the server's daily statements."""
