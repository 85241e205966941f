"""A native reader without an account: the pack she is given, and her corrections taken back."""
