# SPDX-License-Identifier: BSD-3-Clause
"""The closed form on a small trace made here, with times that can be added up by hand; SimGrid beside it where it is
installed."""
import math
import os
import shutil
import subprocess

import model
import replay

HERE = os.path.dirname(os.path.abspath(__file__))
HEADER = "rank,phase,what,bytes,blocks,rows,ranks,own_s,begin_s,wait_s,end_s,busy_s\n"
CLUSTER = {"cores": 4, "memory_gbs": math.inf, "latency_us": 2.0, "bandwidth_gbs": 10.0, "node_latency_us": 1.0,
           "node_bandwidth_gbs": 5.0, "crowded_latency_us": 10.0, "wake_us": 0.0, "noise": 0.0, "read_gbs": 1.0,
           "file_system_gbs": 8.0, "topology": "fat tree"}


def near(value, wanted, tolerance=1e-9):
    assert abs(value - wanted) <= tolerance * abs(wanted), f"{value} instead of {wanted}"


def write_trace(path):
    """Two ranks: 8 + 8 blocks of 10 ms, 1 ms of update (the root 3 ms), a sum of 40 kB; 3 tasks of 5 ms; what they
    gave is gathered."""
    lines = []
    for rank, own in ((0, 0.003), (1, 0.001)):
        tasks = 2 - rank
        lines += [f"{rank},fit,load,8000000,8,32768,0,0,0,0.1,0.1,0.1",
                  f"{rank},fit,pass,8000000,8,32768,0,{own},0.1,0,0.2,0.08",
                  f"{rank},fit,sum,40000,0,0,2,0,0.2,0.0,0.201,0.001",
                  f"{rank},fit,tasks,0,{tasks},0,0,0,0.201,0,0.211,{0.005 * tasks}",
                  f"{rank},fit,minimum,8,0,0,2,0,0.211,0,0.212,0",
                  f"{rank},fit,gather,{100 * tasks},0,0,2,0,0.212,0,0.5,0"]
    with open(path, "w") as file:
        file.write(HEADER + "\n".join(lines) + "\n")


def test_trace():
    steps, seconds = model.recording(["trace.csv"])
    near(seconds, 0.5)
    assert [s.what for s in steps] == ["sum", "minimum", "gather"]
    near(steps[0].blocks, 16)
    near(steps[0].map_s, 0.16)
    near(steps[0].own_s, 0.001)
    near(steps[0].extra_s, 0.002)
    near(steps[1].tasks, 3)
    assert steps[2].is_shared and steps[2].all_bytes == 300


def test_work():
    steps, _ = model.recording(["trace.csv"])

    def parts(nodes, ranks, threads=1, growth=1.0, **changes):
        return model.predict(steps, model.Layout({**CLUSTER, **changes}, nodes, ranks, threads), growth)
    near(parts(1, 1)["map"], 0.16)
    near(parts(1, 1)["tasks"], 0.015)
    assert parts(1, 1)["collectives"] == 0
    near(parts(1, 3)["map"], 0.06)  # whole blocks: 6 of 16 on the busiest
    near(parts(1, 4)["map"], 0.04)
    near(parts(1, 8)["map"], 0.04)  # more ranks than cores are no quicker
    near(parts(1, 8)["update"], 0.002)
    near(parts(2, 1, threads=3)["map"], 0.03)  # 8 blocks, 3 threads: three rounds
    near(parts(2, 1, threads=3, growth=2)["map"], 0.06)
    near(parts(16, 4)["map"], 0.01)  # more ranks than blocks
    near(parts(16, 4)["tasks"], 0.005)
    near(parts(16, 4)["root"], 0.002)
    near(parts(1, 1, memory_gbs=0.01)["map"], 1.6)
    near(parts(2, 1)["load"], 0.016e9 / 2e9)
    near(parts(16, 1)["load"], 0.016e9 / 8e9)
    assert parts(16, 1, noise=0.1)["map"] > parts(16, 1)["map"]


def test_collectives():
    layout = model.Layout(CLUSTER, 16, 1, 1)
    near(model.barrier_s(layout), 8e-6)
    near(model.allreduce_s(layout, 0), 8e-6)
    near(model.allreduce_s(layout, 1e9), 16e-6 + 2 * 15 / 16 * 0.1)
    near(model.barrier_s(model.Layout(CLUSTER, 16, 4, 1)), 10e-6)


def test_replay():
    if shutil.which("smpicxx") is None:
        print("SimGrid is not installed: the replay was not tested")
        return
    subprocess.run(["smpicxx", "-O1", "-std=c++20", os.path.join(HERE, "replay.cpp"), "-o", "replay"], check=True)
    steps, _ = model.recording(["trace.csv"])
    quiet = [model.dataclasses.replace(s, map_s=0.0, blocks=0.0, own_s=0.0, extra_s=0.0, tasks=0.0, load_bytes=0.0)
             for s in steps]
    for nodes in (4, 16):
        layout = model.Layout(CLUSTER, nodes, 1, 1)
        for which in (steps, quiet):
            wanted, found = model.predict(which, layout)["total"], replay.simulate("./replay", which, layout)
            print(f"{nodes} nodes: closed form {wanted * 1e6:.1f} us, SimGrid {found * 1e6:.1f} us")
            # Computing is the same in both; messages differ by what the algorithms are taken to be.
            near(found, wanted, 0.02 if which is steps else 0.5)


def main():
    write_trace("trace.csv")
    for test in (test_trace, test_work, test_collectives, test_replay):
        test()
        print(test.__name__, "passed")


if __name__ == "__main__":
    main()
