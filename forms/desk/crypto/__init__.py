"""Keys of a desk and the only code that decrypts letters."""
