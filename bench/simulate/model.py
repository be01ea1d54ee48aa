# SPDX-License-Identifier: BSD-3-Clause
"""The time of a recorded run on other numbers of ranks, in closed form.

A trace (superstep ... --trace FILE) is cut at its collectives. Between two of them a rank goes through blocks,
reads targets, solves tasks that are shared out, and updates what every rank holds. Of these the first three are
divided among the ranks, the last is not. A collective costs what it costs on the described cluster.

Assumed: every core is as fast as one of the machine the trace comes from, with all of that machine's cores at work;
the supersteps are as many and their messages as long for any number of ranks and rows (true of the engine: sums
are declared by the shape of the model); blocks are spread as evenly as whole blocks can be; threads of a rank take
whole blocks; a rank's time in a superstep scatters by `noise`, and the slowest of P is waited for."""
import csv
import dataclasses
import math
import statistics
import tomllib

COLLECTIVES = {"sum", "maximum", "minimum", "broadcast", "gather", "exchange", "barrier", "split", "split by node"}

# Going through blocks, reading targets, tasks that are shared out, the update on every rank, what the root alone
# does (opening the file, the sketch), reading the blocks.
WORK = ("map", "targets", "tasks", "update", "root", "load")


@dataclasses.dataclass
class Step:
    """One collective and the work before it. Seconds are processor time; those of blocks, targets and tasks are of
    all ranks together."""
    phase: str = ""
    what: str = ""
    bytes: float = 0.0       # of a rank
    all_bytes: float = 0.0   # of all ranks together
    is_shared: bool = False  # a gather of results that do not grow with the ranks
    blocks: float = 0.0
    map_s: float = 0.0
    map_bytes: float = 0.0
    load_s: float = 0.0
    load_bytes: float = 0.0
    targets_s: float = 0.0
    tasks: float = 0.0
    tasks_s: float = 0.0
    own_s: float = 0.0       # of every rank
    extra_s: float = 0.0     # of the busiest rank beyond that: the root's file work


def events_by_rank(path):
    ranks = {}
    with open(path) as text:
        for row in csv.DictReader(text):
            for name in ("bytes", "blocks", "rows", "ranks", "own_s", "begin_s", "wait_s", "end_s", "busy_s"):
                row[name] = float(row[name])
            ranks.setdefault(int(row["rank"]), []).append(row)
    return [ranks[r] for r in sorted(ranks)]


def segments(events):
    """The events of one rank, cut behind each collective."""
    cut, now = [], []
    for event in events:
        now.append(event)
        if event["what"] in COLLECTIVES:
            cut.append(now)
            now = []
    return cut


def steps_of(path):
    """The steps of one trace, and how long the run took from its first event to its last."""
    ranks = events_by_rank(path)
    if {e["ranks"] for events in ranks for e in events if e["what"] in COLLECTIVES} != {len(ranks)}:
        raise SystemExit(f"{path}: ranks worked in teams there, which is not modelled; record a search of one estimator")
    seconds = max(events[-1]["end_s"] for events in ranks)
    steps, had_tasks = [], False
    for parts in zip(*(segments(events) for events in ranks), strict=True):
        ends = [part[-1] for part in parts]
        assert len({end["what"] for end in ends}) == 1, f"{path}: the ranks' collectives differ"
        step = Step(phase=ends[0]["phase"], what=ends[0]["what"], bytes=max(e["bytes"] for e in ends),
                    all_bytes=sum(e["bytes"] for e in ends))
        for event in (e for part in parts for e in part[:-1]):
            if event["what"] == "pass":
                step.blocks += event["blocks"]
                step.map_s += event["busy_s"]
                step.map_bytes += event["bytes"]
            elif event["what"] == "load":
                step.load_s += event["busy_s"]
                step.load_bytes += event["bytes"]
            elif event["what"] == "targets":
                step.targets_s += event["busy_s"]
            elif event["what"] == "tasks":
                step.tasks += event["blocks"]
                step.tasks_s += event["busy_s"]
        own = [sum(e["own_s"] for e in part) for part in parts]
        step.own_s = min(own)
        step.extra_s = max(own) - min(own)
        # Tasks are followed by an agreement that all went well, then by the exchange of the results.
        step.is_shared = step.what == "gather" and had_tasks
        had_tasks = step.tasks > 0
        steps.append(step)
    return steps, seconds


def recording(paths):
    """The steps of several traces of one run, each number the median of theirs; and the shortest time, for whatever
    else a machine does makes a run longer."""
    traces = [steps_of(path) for path in paths]
    if len({len(steps) for steps, _ in traces}) != 1:
        raise SystemExit("the traces are not of the same run: " + ", ".join(map(str, paths)))
    merged = []
    for alike in zip(*(steps for steps, _ in traces)):
        step = dataclasses.replace(alike[0])
        for field in dataclasses.fields(Step):
            if isinstance(getattr(step, field.name), float):
                setattr(step, field.name, statistics.median(getattr(s, field.name) for s in alike))
        merged.append(step)
    return merged, min(seconds for _, seconds in traces)


def read_cluster(path):
    with open(path, "rb") as text:
        return tomllib.load(text)


@dataclasses.dataclass
class Layout:
    """How a run is laid out on a cluster."""
    cluster: dict
    nodes: int
    ranks_per_node: int
    threads: int

    @property
    def ranks(self):
        return self.nodes * self.ranks_per_node

    @property
    def crowd(self):
        """How many ranks share a core."""
        return max(1.0, self.ranks_per_node / self.cluster["cores"])


def rounds(n):
    return math.ceil(math.log2(n)) if n > 1 else 0


def barrier_s(layout):
    c = layout.cluster
    hop = c["node_latency_us"] if layout.crowd == 1 else c["crowded_latency_us"]
    return 1e-6 * (rounds(layout.nodes) * c["latency_us"] + rounds(layout.ranks_per_node) * hop)


def allreduce_s(layout, size):
    """The better of recursive doubling and Rabenseifner's reduce-scatter with allgather. The ranks of a node share
    its link, so in the first each sends at its share of the bandwidth; in the second they hold a part each."""
    c, r, n = layout.cluster, layout.ranks_per_node, layout.nodes
    link, inside = c["bandwidth_gbs"] * 1e9, c["node_bandwidth_gbs"] * 1e9
    latency = barrier_s(layout)
    doubling = latency + size * (rounds(r) / inside + rounds(n) * r / link)
    halving = 2 * latency + 2 * size * ((r - 1) / r / inside + (n - 1) / n / link)
    return min(doubling, halving) if layout.ranks > 1 else 0.0


def collective_s(layout, step):
    """The call itself, without the barrier in front."""
    if layout.ranks == 1:
        return 0.0
    c, r, n = layout.cluster, layout.ranks_per_node, layout.nodes
    link, inside = c["bandwidth_gbs"] * 1e9, c["node_bandwidth_gbs"] * 1e9
    latency = barrier_s(layout)
    if step.what in ("sum", "maximum", "minimum"):
        return allreduce_s(layout, step.bytes)
    if step.what == "broadcast":  # the size, then a binomial tree
        return 2 * latency + step.bytes * (rounds(n) / link + rounds(r) / inside)
    if step.what == "gather":  # the sizes, then the bytes; every rank receives all of them
        total = step.all_bytes if step.is_shared else step.bytes * layout.ranks
        each = 4 * layout.ranks + total
        return 2 * latency + each * ((n - 1) / n * r / link + (r - 1) / r / inside)
    if step.what == "exchange":  # the sizes, then the bytes, pair by pair
        return 2e-6 * (layout.ranks - 1) * (c["latency_us"] if n > 1 else c["node_latency_us"]) + step.bytes * r / link
    return latency


def work_s(layout, step, growth):
    """Seconds of each kind of work on the rank that is waited for. `growth`: how many times the rows."""
    c, ranks = layout.cluster, layout.ranks
    cores = min(layout.ranks_per_node * layout.threads, c["cores"])
    slowest = 1 + c["noise"] * math.sqrt(2 * math.log(ranks))
    work = dict.fromkeys(WORK, 0.0)
    if step.blocks > 0:
        blocks = round(step.blocks * growth)
        each = math.ceil(blocks / ranks)
        block_s = step.map_s / step.blocks
        waves = math.ceil(each / layout.threads)
        of_node = min(blocks, each * layout.ranks_per_node)
        work["map"] = slowest * max(waves * block_s, of_node * block_s / cores,
                                    of_node * step.map_bytes / step.blocks / (c["memory_gbs"] * 1e9))
    work["targets"] = slowest * growth * step.targets_s / ranks * layout.crowd
    if step.tasks > 0:
        # With one rank nothing is shared out; the recording counts each task once.
        each = math.ceil(step.tasks / ranks)
        of_node = min(step.tasks, each * layout.ranks_per_node)
        work["tasks"] = step.tasks_s / step.tasks * max(each, of_node / c["cores"])
    work["update"] = step.own_s * layout.crowd
    work["root"] = step.extra_s
    if step.load_bytes > 0:
        if "read_gbs" in c:
            rate = min(layout.nodes * c["read_gbs"], c["file_system_gbs"]) * 1e9
            work["load"] = growth * step.load_bytes / rate
        else:  # from the page cache: bound by the cores
            work["load"] = growth * step.load_s / min(cores * layout.nodes, ranks * layout.threads)
    return work


def predict(steps, layout, growth=1.0):
    """Seconds by kind, "total" among them."""
    parts = dict.fromkeys(WORK + ("watch", "collectives"), 0.0)
    for step in steps:
        for kind, seconds in work_s(layout, step, growth).items():
            parts[kind] += seconds
        parts["watch"] += barrier_s(layout)
        if step.blocks > 0:  # ranks that wait long sleep between looks; the last one's message goes through log2 P
            parts["watch"] += 1e-6 * layout.cluster["wake_us"] * rounds(layout.ranks)
        parts["collectives"] += collective_s(layout, step)
    parts["total"] = sum(parts.values())
    return parts
