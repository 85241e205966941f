"""One file for each step. A step is never changed once it is released."""
