"""JSON and binary APIs: for browsers that encrypt, and for desks."""
