"""Starts and measures the processes under test, each pinned to its core."""

import json
import os
import pathlib
import shutil
import subprocess
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
SERVER_CORE = os.environ.get("BENCH_SERVER_CORE", "0")
LOAD_CORE = os.environ.get("BENCH_LOAD_CORE", "1")


def wait_until_ready(url, process, seconds=120):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise SystemExit(f"the server ended with {process.returncode} before it was ready")
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass
        time.sleep(0.01)
    raise SystemExit(f"not ready within {seconds} s: {url}")


class Server:
    def __init__(self, command, ready, env=None, log=None):
        self.log = open(log or os.devnull, "wb")
        self.started = time.monotonic()
        self.process = subprocess.Popen(["taskset", "-c", SERVER_CORE, *command],
                                        env={**os.environ, **(env or {})}, stdout=self.log,
                                        stderr=self.log, stdin=subprocess.DEVNULL)
        try:
            wait_until_ready(ready, self.process)
        except BaseException:
            self.stop()
            raise
        self.ready_seconds = time.monotonic() - self.started

    def memory_bytes(self, which="VmHWM"):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(which + ":"):
                return int(line.split()[1]) * 1024
        return 0

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()


def gateway(deployment, preload=None):
    return Server([deployment.binary, "serve", "--config", str(deployment.config)],
                  f"http://127.0.0.1:{deployment.operations_port}/readyz",
                  {"LD_PRELOAD": str(preload)} if preload else None,
                  deployment.folder / "serve.log")


CACHED_FILES = """\
  open_file_cache max=100 inactive=600s;
  open_file_cache_valid 600s;
  open_file_cache_min_uses 1;
"""


def nginx(folder, port, cached_files=False, bytes_=600):
    """One worker with Debian's settings for files, no access log, keep-alive without end.

    With `cached_files` the one file stays open, so that nginx does not touch the file system.
    """
    folder = pathlib.Path(folder)
    (folder / "html").mkdir(parents=True)
    (folder / "html" / "file.json").write_text("x" * bytes_)
    config = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    config.write_text(f"""\
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr error;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  tcp_nodelay on;
  keepalive_timeout 600;
  keepalive_requests 1000000000;
{CACHED_FILES if cached_files else ""}  types {{ application/json json; }}
  client_body_temp_path {folder}/t1;
  proxy_temp_path {folder}/t2;
  fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4;
  scgi_temp_path {folder}/t5;
  server {{
    listen 127.0.0.1:{port};
    root {folder}/html;
  }}
}}
""")
    return Server([shutil.which("nginx"), "-p", str(folder), "-e", "stderr", "-c", str(config)],
                  f"http://127.0.0.1:{port}/file.json", log=folder / "nginx.log")


def wrk(url, connections, seconds, script, env=None):
    said = subprocess.run(
        ["taskset", "-c", LOAD_CORE, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s",
         str(HERE / script), url],
        env={**os.environ, "BENCH_LUA": str(HERE), **(env or {})}, check=True, capture_output=True,
        text=True).stdout
    line = next(line for line in said.splitlines() if line.startswith("RESULT "))
    result = json.loads(line[len("RESULT "):])
    if result["bad_status"] or result["socket_errors"] or not result["requests"]:
        raise SystemExit(f"{url}: not every answer was good: {result}")
    result["per_second"] = result["requests"] / (result["duration_us"] / 1e6)
    return result


def synced_write(tool, folder):
    said = subprocess.run(["taskset", "-c", SERVER_CORE, str(tool),
                           str(pathlib.Path(folder) / "synced"), "400"], check=True,
                          capture_output=True, text=True).stdout
    return json.loads(said)


def build_tools(folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    shim, tool = folder / "nosync.so", folder / "synced_write"
    subprocess.run(["gcc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", str(shim),
                    str(HERE / "nosync.c"), "-ldl"], check=True)
    subprocess.run(["g++", "-std=c++20", "-O2", "-Wall", "-Werror", "-o", str(tool),
                    str(HERE / "synced_write.cpp")], check=True)
    return shim, tool
