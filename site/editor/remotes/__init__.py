"""Publishing through a git repository of another machine (docs/decisions/0072)."""
