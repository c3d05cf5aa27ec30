# SPDX-License-Identifier: BSD-2-Clause
"""meter.py: what a server costs: CPU time, context switches, memory.

The server and all that it starts are one group. As root that is a control
group (cpuacct of version 1, or version 2), whose total misses nothing, not
even processes that have ended; else it is the tree of processes below the one
that was started. What each thread used comes from /proc/PID/task/TID/schedstat
(nanoseconds on a core) and status (context switches).
"""

import contextlib
import os
import pathlib


def _read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


class Group:
    """Control group of a server; enter() in the child before exec."""

    def __init__(self, name):
        self.dir = None
        self.pid = None
        self.kind = "process tree"
        for kind, base in (("cgroup v2", "/sys/fs/cgroup"),
                           ("cgroup v1 cpuacct", "/sys/fs/cgroup/cpuacct")):
            mark = "cgroup.controllers" if kind == "cgroup v2" \
                else "cpuacct.usage"
            if not os.path.exists(f"{base}/{mark}"):
                continue
            path = pathlib.Path(base, f"{name}-{os.getpid()}")
            with contextlib.suppress(OSError):
                path.mkdir()
                self.dir, self.kind = path, kind
                return

    def enter(self):
        """In the child: become a member."""
        if self.dir is not None:
            with open(self.dir / "cgroup.procs", "w", encoding="ascii") as f:
                f.write(str(os.getpid()))

    def pids(self):
        """Every process of the group, now."""
        if self.dir is not None:
            return [int(p) for p in _read(self.dir / "cgroup.procs").split()]
        return self._tree()

    def _tree(self):
        children = {}
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            with contextlib.suppress(OSError, IndexError):
                stat = _read(f"/proc/{entry}/stat")
                ppid = int(stat[stat.rindex(")") + 2:].split()[1])
                children.setdefault(ppid, []).append(int(entry))
        out, todo = [], [self.pid]
        while todo:
            pid = todo.pop()
            out.append(pid)
            todo += children.get(pid, [])
        return out

    def total_ns(self):
        """CPU time of all that ever was in the group; None without one."""
        if self.dir is None:
            return None
        if self.kind == "cgroup v2":
            for line in _read(self.dir / "cpu.stat").splitlines():
                if line.startswith("usage_usec "):
                    return int(line.split()[1]) * 1000
            return None
        return int(_read(self.dir / "cpuacct.usage"))

    def close(self):
        """After its last process has ended."""
        if self.dir is not None:
            with contextlib.suppress(OSError):
                self.dir.rmdir()


class Snapshot:
    """What the group had used at one moment."""

    def __init__(self, group):
        self.total_ns = group.total_ns()
        self.threads = {}
        for pid in group.pids():
            with contextlib.suppress(OSError):
                for tid in os.listdir(f"/proc/{pid}/task"):
                    self._thread(pid, tid)

    def _thread(self, pid, tid):
        base = f"/proc/{pid}/task/{tid}"
        with contextlib.suppress(OSError):
            cpu_ns = int(_read(f"{base}/schedstat").split()[0])
            name, switches = "", 0
            for line in _read(f"{base}/status").splitlines():
                if line.startswith("Name:"):
                    name = line.split(None, 1)[1]
                elif "ctxt_switches" in line:
                    switches += int(line.split()[1])
            self.threads[(pid, tid)] = (name, cpu_ns, switches)


class Cost:
    """What the group used between two snapshots."""

    def __init__(self, before, after):
        self.by_name = {}
        self.switches = 0
        seen_ns = 0
        for key, (name, cpu_ns, switches) in after.threads.items():
            _, cpu_was, switches_was = before.threads.get(key, ("", 0, 0))
            used = cpu_ns - cpu_was
            self.by_name[name] = self.by_name.get(name, 0) + used
            self.switches += switches - switches_was
            seen_ns += used
        self.total_ns = seen_ns
        if after.total_ns is not None:
            self.total_ns = after.total_ns - before.total_ns
        # of threads that ended in between, or the clock's grain
        self.rest_ns = self.total_ns - seen_ns

    def of(self, predicate):
        """CPU time of the threads whose name it takes."""
        return sum(ns for name, ns in self.by_name.items() if predicate(name))


def memory(group):
    """(RSS, PSS) in bytes of all processes of the group."""
    rss = pss = 0
    for pid in group.pids():
        with contextlib.suppress(OSError):
            for line in _read(f"/proc/{pid}/smaps_rollup").splitlines():
                if line.startswith("Rss:"):
                    rss += int(line.split()[1]) * 1024
                elif line.startswith("Pss:"):
                    pss += int(line.split()[1]) * 1024
    return rss, pss
