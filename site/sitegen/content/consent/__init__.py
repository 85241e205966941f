"""Which stories, quotes, pictures and recordings a person's consent covers."""
