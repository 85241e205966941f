"""The desk and the server: fetching, the outbox, and the encrypted files on this machine."""
