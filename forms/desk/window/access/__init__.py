"""Access to the window: the one-time address, the secret path, the passphrase, and the lock."""
