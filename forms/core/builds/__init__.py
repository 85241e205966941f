"""What a build of the site consists of, as its publishers sign it."""
