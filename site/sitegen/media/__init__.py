"""Images, charts, audio clips and speech of the public site."""
