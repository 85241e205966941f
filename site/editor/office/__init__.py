"""Files of office programs, as text of ours and back."""
