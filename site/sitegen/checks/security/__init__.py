"""Secrets, private keys and active HTML in what staff write: nothing is built with them."""
