"""How an installation stands: `portal status`, in sentences with days and never times."""
