"""Addresses of pages: which were ever built, where moved ones lead, and the redirects of a site."""
