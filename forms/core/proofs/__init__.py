"""Proofs: of answers and additions by the receipt's key, and the server's daily statements."""
