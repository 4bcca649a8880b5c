"""Measures the durable, decrypted, consent-checked read, as ratios that hold on any machine.

One gateway core, one load core; nginx serving a static 600-byte file takes turns with the gateway
in the same run, and the median of the rounds counts. See docs/benchmarks.md.
"""

import argparse
import contextlib
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import deployment as deploy  # noqa: E402
import report  # noqa: E402
import servers  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / "build" / "bench"
CONNECTIONS = [1, 32, 256]
HOT_SET_BYTES = 1024 ** 3


def say(text):
    print(text, flush=True)


def arguments():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=int(os.environ.get("BENCH_ROUNDS", 7)),
                        help="alternating rounds (7)")
    parser.add_argument("--seconds", type=int, default=int(os.environ.get("BENCH_SECONDS", 3)),
                        help="of each measurement (3)")
    parser.add_argument("--people", type=int, default=deploy.PEOPLE, help="people (20000)")
    parser.add_argument("--million", action="store_true",
                        help="also import, start with, and hold a million people (takes long)")
    parser.add_argument("--no-import", action="store_true", help="leave out the import of 100,000")
    parser.add_argument("--write", action="store_true", help="update docs/benchmarks.md and its plot")
    parser.add_argument("--smoke", action="store_true", help="see that it all works, measure nothing")
    parser.add_argument("--folder", help="where the data lies while it is measured")
    options = parser.parse_args()
    if options.smoke:
        options.rounds, options.seconds, options.people, options.no_import = 1, 1, 200, True
    return options


def machine():
    cpu = next((line.split(":", 1)[1].strip() for line in
                pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), platform.machine())
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True,
                            text=True, check=False).stdout.strip()
    return {"cpu": cpu, "cores": os.cpu_count(), "kernel": platform.release(), "commit": commit,
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}


def prepare(folder, binary, options):
    """Three deployments with the same people: hot, every read to the database, and without sync."""
    say(f"  preparing {options.people} people, each with a consent")
    hot = deploy.Deployment(folder / "hot", binary)
    hot.write(HOT_SET_BYTES)
    people = folder / "people.jsonl"
    deploy.write_people(people, options.people)
    hot.key = hot.add_app("reader")
    consent_key = hot.add_app("consent")
    hot.import_people(people)
    server = servers.gateway(hot)
    try:
        deploy.give_consents(hot.port, consent_key, options.people)
    finally:
        server.stop()
    others = []
    for name, hot_set_bytes in [("database", 0), ("unsynced", HOT_SET_BYTES)]:
        other = deploy.Deployment(folder / name, binary, hot.policy)
        other.write(hot_set_bytes)
        shutil.copytree(hot.folder / "data", other.folder / "data")
        other.key = hot.key
        others.append(other)
    return hot, *others


def read_load(target, people, connections, seconds):
    return servers.wrk(f"http://127.0.0.1:{target.port}", connections, seconds, "read.lua",
                       {"BENCH_KEY": target.key, "BENCH_PEOPLE": str(people)})


def check_one_answer(target):
    """A fast wrong answer is no answer: six fields and a receipt, or nothing is measured."""
    said = subprocess.run(
        ["curl", "-sS", "-H", f"Authorization: Bearer {target.key}", "-H",
         "Content-Type: application/json", "-d",
         '{"identifier":{"type":"email","value":"reader.0000007@example.org"},'
         '"purpose":"personalisation"}', f"http://127.0.0.1:{target.port}/v1/profiles/read"],
        check=True, capture_output=True, text=True).stdout
    body = json.loads(said)
    if len(body.get("fields", {})) != 6 or "leaf" not in body.get("audit", {}):
        raise SystemExit(f"not the answer that is to be measured: {said}")
    return len(said)


def measure_reads(folder, binary, tools, options):
    shim, tool = tools
    hot, database, unsynced = prepare(folder, binary, options)
    with contextlib.ExitStack() as stack:
        def start(server):
            stack.callback(server.stop)
            return server

        running = {"hot": start(servers.gateway(hot)),
                   "database": start(servers.gateway(database)),
                   "unsynced": start(servers.gateway(unsynced, shim))}
        runs = {"hot": lambda c: read_load(hot, options.people, c, options.seconds),
                "database": lambda c: read_load(database, options.people, c, options.seconds),
                "unsynced": lambda c: read_load(unsynced, options.people, c, options.seconds)}
        if shutil.which("nginx"):
            def file_load(name, cached_files):
                port = deploy.free_port()
                running[name] = start(servers.nginx(folder / name, port, cached_files))
                url = f"http://127.0.0.1:{port}/file.json"
                return lambda c: servers.wrk(url, c, options.seconds, "done.lua")

            runs = {"nginx": file_load("nginx", False),
                    "nginx_cached": file_load("nginx_cached", True), **runs}
        elif not options.smoke:
            raise SystemExit("nginx is not there; `./dev bench` unpacks it")
        answer_bytes = check_one_answer(hot)
        for name in runs:  # fills the hot set, opens files, warms caches
            runs[name](32)

        rounds = []
        for number in range(options.rounds):
            one = {"synced_write": servers.synced_write(tool, folder)}
            for connections in CONNECTIONS:
                one[str(connections)] = {name: run(connections) for name, run in runs.items()}
            rounds.append(one)
            at32 = one["32"]
            say(f"  round {number + 1}/{options.rounds}: " + ", ".join(
                f"{name} {result['per_second']:,.0f}/s" for name, result in at32.items())
                + " at 32 connections")
        memory = {name: server.memory_bytes() for name, server in running.items()}
    return {"rounds": rounds, "peak_memory_bytes": memory, "answer_bytes": answer_bytes}


def median_of(rounds, path):
    """The median over the rounds of what `path` picks from one."""
    return statistics.median(path(one) for one in rounds)


def summarise(reads):
    """Ratios are made within a round and then ranked: both sides met the same machine."""
    rounds = reads["rounds"]
    summary = {"by_connections": {}}
    names = list(rounds[0]["32"])
    for connections in map(str, CONNECTIONS):
        summary["by_connections"][connections] = {
            name: {key: median_of(rounds, lambda one: one[connections][name][key])
                   for key in ("per_second", "p50_us", "p99_us", "mean_us")} for name in names}
    if "nginx" not in names:
        return summary

    def rate(above, below, connections):
        return median_of(rounds, lambda one: one[connections][above]["per_second"]
                         / one[connections][below]["per_second"])

    summary["ratios"] = {
        "hot_to_nginx_32": rate("hot", "nginx", "32"),
        "hot_to_nginx_256": rate("hot", "nginx", "256"),
        "database_to_nginx_32": rate("database", "nginx", "32"),
        "hot_to_nginx_cached_32": rate("hot", "nginx_cached", "32"),
        "hot_to_nginx_cached_256": rate("hot", "nginx_cached", "256"),
        "durable_to_unsynced_32": rate("hot", "unsynced", "32"),
        "p99_to_nginx_32": median_of(
            rounds, lambda one: one["32"]["hot"]["p99_us"] / one["32"]["nginx"]["p99_us"]),
        "added_to_synced_write_1": median_of(
            rounds, lambda one: (one["1"]["hot"]["mean_us"] - one["1"]["nginx"]["mean_us"])
            / one["synced_write"]["mean_us"]),
    }
    summary["synced_write_us"] = median_of(rounds, lambda one: one["synced_write"]["mean_us"])
    return summary


def measure_import(folder, binary, people):
    target = deploy.Deployment(folder / f"import-{people}", binary)
    target.write(HOT_SET_BYTES)
    source = folder / f"people-{people}.jsonl"
    deploy.write_people(source, people)
    key = target.add_app("reader")
    started = time.monotonic()
    imported = target.import_people(source)
    seconds = time.monotonic() - started
    if imported != people:
        raise SystemExit(f"imported {imported} of {people}")
    target.key = key
    say(f"  imported {people:,} people in {seconds:.1f} s")
    return target, {"people": people, "seconds": seconds, "per_second": people / seconds}


def measure_million(folder, binary):
    people = 1_000_000
    target, imported = measure_import(folder, binary, people)
    server = servers.gateway(target)
    started = server.ready_seconds
    say(f"  ready with {people:,} people after {started:.2f} s")
    try:
        # Nobody has consented: what fills the hot set is the person, whatever the answer.
        fill = subprocess.run(
            ["taskset", "-c", servers.LOAD_CORE, "wrk", "-t1", "-c64", "-d180s", "-s",
             str(servers.HERE / "read.lua"), f"http://127.0.0.1:{target.port}"],
            env={**os.environ, "BENCH_LUA": str(servers.HERE), "BENCH_KEY": target.key,
                 "BENCH_PEOPLE": str(people)}, check=True, capture_output=True, text=True).stdout
        line = next(line for line in fill.splitlines() if line.startswith("RESULT "))
        memory = server.memory_bytes()
    finally:
        server.stop()
    say(f"  peak memory {memory / 1024 ** 3:.2f} GiB")
    return {"import": imported, "start_seconds": started, "peak_memory_bytes": memory,
            "reads_while_filling": json.loads(line[len("RESULT "):])["requests"]}


def main():
    options = arguments()
    binary = str(ROOT / "build" / "release" / "fieldgate")
    OUT.mkdir(parents=True, exist_ok=True)
    tools = servers.build_tools(OUT)
    result = {"machine": machine(), "rounds": options.rounds, "seconds": options.seconds,
              "people": options.people}
    folder = pathlib.Path(tempfile.mkdtemp(prefix="data-", dir=options.folder or OUT))
    try:
        reads = measure_reads(folder, binary, tools, options)
        result.update(reads)
        result["summary"] = summarise(reads)
        if not options.no_import:
            result["import"] = measure_import(folder, binary, 100_000)[1]
        if options.million:
            result["million"] = measure_million(folder, binary)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if options.smoke:
        say("the benchmark works")
        return
    (OUT / "results.json").write_text(json.dumps(result, indent=1) + "\n")
    print(report.table(result))
    if options.write:
        report.write_docs(ROOT, result)
        say("docs/benchmarks.md and its plot are up to date")


if __name__ == "__main__":
    main()
