"""A real PgBouncer in transaction mode, in front of a test's PostgreSQL."""

import os
import pwd
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy.engine import make_url

from tests.support.processes import HOST, a_free_port, wait_until
from tests.support.programs import required_program


@contextmanager
def a_pgbouncer(url: str, folder: Path, *, servers: int, clients: int = 200) -> Iterator[str]:
    """The URL of the same database behind a pooler with this many connections to the server."""
    program = required_program("pgbouncer")
    target = make_url(url)
    socket = Path(str(target.query["host"]))
    port = a_free_port()
    config = folder / "pgbouncer.ini"
    config.write_text(
        "[databases]\n"
        f"* = host={socket} user={target.username}\n"
        "[pgbouncer]\n"
        f"listen_addr = {HOST}\nlisten_port = {port}\nunix_socket_dir =\n"
        "auth_type = any\npool_mode = transaction\n"
        f"default_pool_size = {servers}\nmax_client_conn = {clients}\n"
    )
    command = [program, "-q", str(config)]
    if os.getuid() == 0:  # It refuses to run as root; the server's own user may use its socket.
        folder.chmod(0o755)
        command[1:1] = ["-u", pwd.getpwuid(socket.stat().st_uid).pw_name]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    behind = f"postgresql://{target.username}@{HOST}:{port}/{target.database}"
    try:
        wait_until(lambda: process.poll() is not None or _answers(behind))
        assert process.poll() is None, "PgBouncer has ended"
        yield behind
    finally:
        process.terminate()
        process.wait(10)


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True
