"""What staff get wrong, in sentences with file and line."""
