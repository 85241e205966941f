"""The click commands; what they do is in the modules above."""
