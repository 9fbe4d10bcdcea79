"""What a kernel has connected is in its file at once, and outlives it however it ends."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING, Any

from milvus_nb.registry.restart import Memory
from tests.support.helpers import posix_only, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from milvus_nb import ConnectionRegistry
    from tests.support.kernels import Kernel
    from tests.support.servers import FaultProxy, MilvusTestServer

LOAD = "%load_ext milvus_nb"


def file_of(kernel: Kernel) -> Path:
    return kernel.folder / "milvus_nb-kernel.json"


def told(kernel: Kernel) -> dict[str, Any]:
    """Give what the file holds."""
    path = file_of(kernel)
    return dict(json.loads(path.read_text())) if path.exists() else {"connected": [], "lost": []}


def before(kernel: Kernel) -> list[dict[str, Any]]:
    """Ask the kernel's next process what was connected."""
    shown = kernel.run(
        f"{LOAD}\nimport json\nfrom milvus_nb import connections\n"
        "print(json.dumps(connections.memory.before()))"
    )
    return list(json.loads(shown.stdout))


def test_a_restart_right_after_a_connect_forgets_nothing(
    kernel: Kernel, milvus: MilvusTestServer
) -> None:
    """The kernel is asked to end by the cell that connects, as a restart asks it."""
    aliases = [f"c{number}" for number in range(20)]
    lines = "\n".join(f"%milvus connect {milvus.address} -a {alias}" for alias in aliases)
    kernel.run(LOAD)
    connected = kernel.folder / "connected"
    ending = f"open({str(connected)!r}, 'w').close()\nget_ipython().kernel.do_shutdown(True)"
    kernel.client.execute(f"{lines}\n{ending}")
    wait_until(connected.exists)  # what a page asks for is done beside the cell, or before it
    kernel.client.shutdown(restart=True)
    wait_until(lambda: not kernel.manager.is_alive(), what="the end of the kernel")
    kernel.restart()
    assert [row["alias"] for row in before(kernel)] == aliases


def test_a_kernel_that_is_killed_right_after_a_connect_is_remembered(
    kernel: Kernel, milvus: MilvusTestServer
) -> None:
    """There is nobody left to write then."""
    kernel.run(LOAD)
    kernel.run(f"%milvus connect {milvus.address} -a one")
    os.kill(kernel.pid, signal.SIGKILL)
    wait_until(lambda: not kernel.manager.is_alive(), what="the end of the kernel")
    kernel.restart()
    assert [row["alias"] for row in before(kernel)] == ["one"]


@posix_only
def test_a_fork_leaves_the_kernel_s_file_alone(kernel: Kernel, milvus: MilvusTestServer) -> None:
    """What a worker connects is not the kernel's, and what it shuts down stays the kernel's."""
    kernel.run(
        "import os\n"
        "def child(work):\n"
        "    if (pid := os.fork()) == 0:\n"
        "        try: work()\n"
        "        finally: os._exit(0)\n"
        "    os.waitpid(pid, 0)\n"
        "def connect():\n"
        "    from milvus_nb import connections\n"
        f"    connection = connections.connect('kid', uri='{milvus.uri}', timeout=60)\n"
        "    connection.ping()\n"  # the monitor does it after what it had to do before
        "    os.write(out, b'connected ')"
    )
    kernel.run("into, out = os.pipe()\nchild(connect)")
    kernel.run("from milvus_nb import connections\nlen(connections)\nchild(connect)")
    assert kernel.run("os.read(into, 99)").text == "b'connected connected '\n"
    assert not file_of(kernel).exists()
    kernel.run(f"{LOAD}\n%milvus connect {milvus.address} -a one")
    wait_until(file_of(kernel).exists)
    kernel.run("child(connections.shutdown)")
    kernel.run("child(lambda: get_ipython().run_line_magic('unload_ext', 'milvus_nb'))")
    assert [row["alias"] for row in told(kernel)["connected"]] == ["one"]
    assert "ms" in kernel.run("%milvus ping one").text


def test_the_next_kernel_removes_the_files_of_those_that_have_ended(
    connections: ConnectionRegistry, tmp_path: Path
) -> None:
    """One that runs, and may be restarted, has a connection file: its own stays."""
    for name in ("milvus_nb-ended.json", "milvus_nb-running.json", "running.json"):
        (tmp_path / name).write_text("{}")
    Memory(connections, str(tmp_path / "milvus_nb-mine.json"))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "milvus_nb-running.json", "running.json",
    ]  # fmt: skip


def test_the_last_of_many_changes_is_what_comes_back(
    kernel: Kernel,
    milvus: MilvusTestServer,
    make_database: Callable[[MilvusTestServer, str], str],
) -> None:
    """Also where Python gives new parameters the place in memory of older ones."""
    name = make_database(milvus, "restart_b")
    kernel.run(f"{LOAD}\nfrom milvus_nb import connections")
    kernel.run(f"%milvus connect {milvus.address} -a x")
    for number in range(8):
        wanted = (name, "default")[number % 2]
        kernel.run(f"for db in ({name!r}, 'default', {wanted!r}): connections.use('x', db)")

        def has_it(wanted: str = wanted) -> bool:
            return [row["db_name"] or "default" for row in told(kernel)["connected"]] == [wanted]

        wait_until(has_it, what=wanted)


def test_what_could_not_be_written_is_written_later(
    kernel: Kernel, milvus: MilvusTestServer
) -> None:
    """A disk that was full for a moment; nothing else happens meanwhile."""
    file_of(kernel).mkdir()
    kernel.run(f"{LOAD}\n%milvus connect {milvus.address} -a late")
    kernel.run("import time; time.sleep(1)")
    file_of(kernel).rmdir()
    wait_until(lambda: [row["alias"] for row in told(kernel)["connected"]] == ["late"])


def test_the_file_follows_the_states(kernel: Kernel, way: FaultProxy) -> None:
    """A server that goes is told; a connection that was closed is gone; no heartbeat is written."""
    kernel.run(f"{LOAD}\n%config MilvusMagics.heartbeat = 0.3")
    kernel.run(f"%milvus connect {way.address} -a one")
    kernel.run("%milvus connect ./x.db -a lite")

    def states() -> dict[str, str]:
        return {row["alias"]: row["state"] for row in told(kernel)["connected"]}

    wait_until(lambda: states() == {"one": "connected", "lite": "connected"})
    written_at = file_of(kernel).stat().st_mtime_ns
    kernel.run("import time; time.sleep(1.5)")
    assert file_of(kernel).stat().st_mtime_ns == written_at
    way.refuse()
    way.reset_all()
    wait_until(lambda: states() == {"one": "unreachable", "lite": "connected"})
    kernel.run("%milvus disconnect lite")
    wait_until(lambda: list(states()) == ["one"])
