"""What changed since the last build, and a build of only that; where anything is in doubt, everything is built."""
