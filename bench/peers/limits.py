# SPDX-License-Identifier: BSD-3-Clause
"""A limit on the memory of a command and all its children: a control group where one may be made, else a limit on each process."""
import contextlib
import os
import resource
import tempfile
import time
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")


def group_folder():
    """Where a group of ours would lie, the file its limit is written to; version 1 or 2 of control groups."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, place = line.split(":", 2)
        if "memory" in controllers.split(","):
            return GROUPS / "memory" / place.lstrip("/"), "memory.limit_in_bytes"
        if controllers == "" and (GROUPS / "cgroup.controllers").exists():
            return GROUPS / place.lstrip("/"), "memory.max"
    raise OSError("no control groups")


@contextlib.contextmanager
def memory_limit(total, processes):
    """Gives (how, a function for preexec_fn). `processes` are those that share the total where each is limited alone."""
    group = None
    try:
        parent, file = group_folder()
        group = Path(tempfile.mkdtemp(prefix="superstep-peers-", dir=parent))
        (group / file).write_text(str(total))
    except OSError:
        if group is not None:
            group.rmdir()
        group = None
    if group is None:
        each = total // processes
        yield (f"{each >> 20} MiB of data for each process (RLIMIT_DATA)",
               lambda: resource.setrlimit(resource.RLIMIT_DATA, (each, each)))
        return
    try:
        yield (f"{total >> 20} MiB for all processes together (control group)",
               lambda: (group / "cgroup.procs").write_text(str(os.getpid())))
    finally:
        remove(group)


def remove(group):
    """A group can be removed when its last process has ended; workers take their time."""
    for _ in range(100):
        with contextlib.suppress(OSError):
            group.rmdir()
            return
        time.sleep(0.1)
    print(f"# {group} could not be removed: processes of a peer are still there", flush=True)


def drop_from_page_cache(path):
    """This file only, whose pages have been written back; needs no rights."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(fd)
