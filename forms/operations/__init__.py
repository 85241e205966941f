"""What whoever runs a server does with it: publish, go back, install, back up. Server and core know nothing of it."""
