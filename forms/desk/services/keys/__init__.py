"""The keys of this machine and of all desks: trust, change and retire them."""
