"""Who may come into the window: the one-time address, the secret path, the passphrase, and each request's proof."""
