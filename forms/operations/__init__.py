"""What whoever runs a server does with it: publish, go back, update, install. Neither server nor core imports it."""
