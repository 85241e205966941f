"""Views of the public forms: requests in, pages out."""
