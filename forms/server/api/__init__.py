"""The APIs, of JSON and encrypted bytes: for browsers that encrypt, and for desks."""
