"""Turns results into a table, a plot and the figures of docs/benchmarks.md."""

import pathlib
import subprocess
import tempfile

NAMES = {"nginx": "nginx, static file", "nginx_cached": "nginx, file kept open",
         "hot": "gateway, hot set", "database": "gateway, database",
         "unsynced": "gateway, without sync"}
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"

# What a ratio is, what it is to reach, and whether more is better.
TARGETS = [
    ("hot_to_nginx_32", "requests/s to nginx's, 32 connections", 0.5, True),
    ("hot_to_nginx_256", "requests/s to nginx's, 256 connections", 0.7, True),
    ("database_to_nginx_32", "the same, every read from the database, 32 connections", 0.4, True),
    ("durable_to_unsynced_32", "durable to not durable, 32 connections", 0.7, True),
    ("p99_to_nginx_32", "p99 to nginx's, 32 connections", 2.5, False),
    ("added_to_synced_write_1", "time added at 1 connection, to a bare 400-byte synced write", 1.5,
     False),
]


def figures(result):
    """(what, measured, target, reached) for each promise that this run measured."""
    rows = []
    for key, what, target, more in TARGETS:
        value = result["summary"]["ratios"][key]
        rows.append((what, f"{value:.2f}", f"{'at least' if more else 'at most'} {target}",
                     value >= target if more else value <= target))
    for connections in (32, 256):
        value = result["summary"]["ratios"][f"hot_to_nginx_cached_{connections}"]
        rows.append((f"requests/s to nginx's with its file kept open, {connections} connections",
                     f"{value:.2f}", "no target", True))
    if "import" in result:
        rate = result["import"]["per_second"]
        rows.append(("people imported per second, of 100,000", f"{rate:,.0f}", "at least 10,000",
                     rate >= 10_000))
    if "million" in result:
        start = result["million"]["start_seconds"]
        memory = result["million"]["peak_memory_bytes"] / 1024 ** 3
        rows.append(("seconds to start with 1,000,000 people", f"{start:.2f}", "under 5", start < 5))
        rows.append(("GiB with 1,000,000 people and a 1 GiB hot set", f"{memory:.2f}", "under 1.6",
                     memory < 1.6))
    return rows


def verdict(target, reached, no):
    return "" if target == "no target" else "yes" if reached else no


def measurements(result):
    for connections, by_name in result["summary"]["by_connections"].items():
        for name, values in by_name.items():
            yield (connections, NAMES[name], f"{values['per_second']:,.0f}",
                   f"{values['p50_us']:,.0f}", f"{values['p99_us']:,.0f}")


def aligned(rows):
    widths = [max(len(str(row[column])) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(
        str(cell).ljust(width) if column == 0 or not str(cell)[:1].isdigit() else str(cell).rjust(width)
        for column, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in rows)


def table(result):
    speed = [("connections", "server", "requests/s", "p50 µs", "p99 µs"), *measurements(result)]
    promised = [("figure", "measured", "to reach", "reached"),
                *[(what, value, target, verdict(target, reached, "NO"))
                  for what, value, target, reached in figures(result)]]
    memory = [("peak memory", "MiB"), *[(NAMES[name], f"{value / 1024 ** 2:.0f}")
                                        for name, value in result["peak_memory_bytes"].items()]]
    return "\n\n".join(aligned(rows) for rows in (speed, promised, memory)) + \
        f"\n\nbare 400-byte synced write: {result['summary']['synced_write_us']:.0f} µs"


def markdown(rows):
    head, *body = rows
    lines = ["| " + " | ".join(map(str, row)) + " |" for row in body]
    return "\n".join(["| " + " | ".join(head) + " |", "|" + " --- |" * len(head), *lines])


def plot(result, target):
    names = [name for name in NAMES if name in next(iter(result["summary"]["by_connections"].values()))]
    rows = ["connections " + " ".join(f'"{NAMES[name]}"' for name in names)]
    for connections, by_name in result["summary"]["by_connections"].items():
        rows.append(connections + " " + " ".join(f"{by_name[name]['per_second']:.0f}" for name in names))
    with tempfile.TemporaryDirectory() as folder:
        data = pathlib.Path(folder) / "data"
        data.write_text("\n".join(rows) + "\n")
        script = f"""\
set terminal svg size 760,380 font 'sans-serif,13' background '#ffffff'
set output '{target}'
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.9 noborder
set boxwidth 0.9
set ylabel 'requests per second'
set xlabel 'connections'
set format y '%.0s%c'
set yrange [0:*]
set grid ytics lc rgb '#dddddd'
set border 3 lc rgb '#888888'
set tics nomirror
set key outside top center horizontal
array colours[5] = ['#9aa5b1', '#cbd2d9', '#0b6e4f', '#4c9f70', '#c8b273']
plot for [i=2:{len(names) + 1}] '{data}' using i:xtic(1) title columnheader(i) lc rgb colours[i-1]
"""
        subprocess.run(["gnuplot"], input=script, text=True, check=True)


def write_docs(root, result):
    docs = root / "docs"
    (docs / "pictures").mkdir(exist_ok=True)
    plot(result, docs / "pictures" / "benchmarks.svg")
    where = result["machine"]
    text = "\n\n".join([
        BEGIN,
        f"Measured at commit `{where['commit']}` on {where['at'][:10]}: {where['cpu']}, "
        f"{where['cores']} cores, Linux {where['kernel']}; {result['people']:,} people, the median of "
        f"{len(result['rounds'])} rounds of {result['seconds']:g} s each.",
        "![Requests per second by server and number of connections](pictures/benchmarks.svg)",
        markdown([("figure", "measured", "to reach", "reached"),
                  *[(what, value, aim, verdict(aim, reached, "**no**"))
                    for what, value, aim, reached in figures(result)]]),
        markdown([("connections", "server", "requests/s", "p50 µs", "p99 µs"),
                  *measurements(result)]),
        "Peak memory: " + ", ".join(f"{NAMES[name]} {value / 1024 ** 2:.0f} MiB" for name, value in
                                    result["peak_memory_bytes"].items())
        + f". A bare 400-byte synced write took {result['summary']['synced_write_us']:.0f} µs; an "
          f"answer has {result['answer_bytes']} bytes of body.",
        END])
    page = docs / "benchmarks.md"
    before, _, rest = page.read_text().partition(BEGIN)
    page.write_text(before + text + rest.partition(END)[2])
