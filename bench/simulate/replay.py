# SPDX-License-Identifier: BSD-3-Clause
"""The same prediction by SimGrid: what model.py puts into formulas, done message by message on a simulated network."""
import math
import os
import subprocess
import tempfile

import model

HERE = os.path.dirname(os.path.abspath(__file__))


def platform(layout):
    """SimGrid's description of the part of the cluster that is used."""
    c, n = layout.cluster, layout.nodes
    common = (f'id="c" prefix="n" suffix="" radical="0-{n - 1}" speed="1Gf" core="{layout.ranks_per_node}" '
              f'bw="{c["bandwidth_gbs"]}GBps" loopback_bw="{c["node_bandwidth_gbs"]}GBps" '
              f'loopback_lat="{c["node_latency_us"]}us" sharing_policy="SPLITDUPLEX"')
    if c["topology"] == "fat tree" and n > 1:
        # Two levels without oversubscription; from node to node over four links.
        leaf = 2 ** math.ceil(math.log2(n) / 2)
        tree = f'2;{leaf},{math.ceil(n / leaf)};1,{leaf};1,1'
        body = f'<cluster {common} lat="{c["latency_us"] / 4}us" topology="FAT_TREE" topo_parameters="{tree}"/>'
    else:
        body = f'<cluster {common} lat="{c["latency_us"] / 2}us"/>'
    return ('<?xml version="1.0"?>\n<!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">\n'
            f'<platform version="4.1">\n{body}\n</platform>\n')


def plan(steps, layout, growth):
    """The lines of replay.cpp: what the rank that is waited for does, and the collective."""
    kinds = {"sum": "allreduce", "maximum": "allreduce", "minimum": "allreduce", "broadcast": "broadcast",
             "gather": "gather", "exchange": "gather"}
    quiet = model.Layout({**layout.cluster, "noise": 0.0}, layout.nodes, layout.ranks_per_node, layout.threads)
    lines = []
    for step in steps:
        work = model.work_s(quiet, step, growth)
        scattering = work["map"] + work["targets"]
        size = step.bytes
        if step.what in ("gather", "exchange"):
            size = step.all_bytes if step.is_shared else step.bytes * layout.ranks
        lines.append(f'{sum(work.values()) - scattering:.9g} {scattering:.9g} {layout.cluster["noise"]:g} '
                     f'{kinds.get(step.what, "barrier")} {int(size)}')
    return "\n".join(lines) + "\n"


def simulate(program, steps, layout, growth=1.0, limit_s=300):
    """Simulated seconds; None when the simulation takes longer than `limit_s`."""
    with tempfile.TemporaryDirectory() as folder:
        def write(name, text):
            path = os.path.join(folder, name)
            with open(path, "w") as file:
                file.write(text)
            return path
        hosts = "".join(f"n{i}\n" * layout.ranks_per_node for i in range(layout.nodes))
        command = ["smpirun", "-np", str(layout.ranks), "-platform", write("platform.xml", platform(layout)),
                   "-hostfile", write("hosts", hosts), "--cfg=smpi/privatization:no",
                   "--cfg=smpi/simulate-computation:no", "--cfg=smpi/shared-malloc:global",
                   "--cfg=smpi/coll-selector:ompi", "--cfg=smpi/bw-factor:0:1", "--cfg=smpi/lat-factor:0:1",
                   "--cfg=contexts/stack-size:256", "--log=root.thres:critical",
                   program, write("plan", plan(steps, layout, growth))]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=limit_s)
        except subprocess.TimeoutExpired:
            return None
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return float(done.stdout.split()[-1])
