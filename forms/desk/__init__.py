"""The desk: fetches encrypted letters, decrypts them on a staff machine, answers. The server never imports it."""
