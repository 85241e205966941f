"""Languages of a site: how one is added, and what it lacks."""
