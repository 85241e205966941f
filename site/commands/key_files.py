"""The files of the keys on this machine, looked at without reading a key."""

from commands.site import Site


def state_of_keys(site: Site) -> str:
    """Return names, sizes and times of the files of keys on this machine: `build` reads them only where one changed."""
    homes = (site.desk_keys, site.publisher_keys)
    names = ("identity.*", "token.txt", "*/identity.*", "*/token.txt")
    files = sorted(path for home in homes for name in names for path in home.glob(name))
    return repr([(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files])
