"""`python -m app.embedded demo|up|stop|reset`: the demo world, the bare services, an end to both, and to their data."""

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, TextIO

from app.embedded.stack import Stack

ROOT = Path(__file__).parent.parent.parent
READY_S = 60


def main(arguments: list[str]) -> int:
    """Run one command and return the exit status."""
    run_dir = Path(os.environ.get("TOLLBOOK_RUN_DIR", ".run"))
    stack = Stack(run_dir)
    command = arguments[0] if arguments else "demo"
    if command in ("stop", "reset"):
        stop_processes(stack.run_dir)
        stack.stop()
        if command == "reset":
            stack.forget()
        return 0
    with only_one(stack.run_dir) as first:
        if not first:
            print(f"Tollbook runs already: {read_url(stack.run_dir)}")
            return 0
        if command == "up":
            environment = stack.start()
            print(
                "\n".join(
                    f"export {name}='{environment[name]}'" for name in ("DATABASE_URL", "BROKER_URL", "SECRET_KEY")
                )
            )
            return 0
        if command == "demo":
            return demo(stack)
    print(f"There is no command '{command}'. Use demo, up, stop or reset.")
    return 2


@contextlib.contextmanager
def only_one(run_dir: Path) -> Iterator[bool]:
    """Hold the directory's lock; yield False where another start holds it. The kernel frees it at any death."""
    with (run_dir / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def read_url(run_dir: Path) -> str:
    """Return the address of the running demo."""
    file = run_dir / "demo.json"
    return str(json.loads(file.read_text()).get("url", "")) if file.exists() else "(still starting)"


def stop_processes(run_dir: Path) -> None:
    """End the processes of a start whose parent was killed."""
    file = run_dir / "honcho.pid"
    if not file.exists():
        return
    pid = int(file.read_text())
    command = Path(f"/proc/{pid}/cmdline")
    if command.exists() and b"honcho" in command.read_bytes():
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGTERM)
        for _ in range(100):
            if not command.exists():
                break
            time.sleep(0.1)
    file.unlink()


def demo(stack: Stack) -> int:
    """Start everything, load the demo world where it is not there yet, and wait for Ctrl-C."""
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    stop_processes(stack.run_dir)
    status = 1
    try:
        print("Starting PostgreSQL and Valkey …", flush=True)
        if stack.fresh:
            # A first start compiles all modules, which it can while PostgreSQL makes its cluster.
            subprocess.Popen([sys.executable, "-c", "import app.cli, app.asgi"], cwd=ROOT)
        environment = stack.start()
        loading = [sys.executable, "-m", "app.cli", "demo", "load"]
        done = subprocess.run(loading, cwd=ROOT, env=environment, check=False)
        if done.returncode:
            return done.returncode
        status = serve(stack, environment)
    except KeyboardInterrupt:
        status = 0
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        stack.stop()
    return status


def serve(stack: Stack, environment: dict[str, str]) -> int:
    """Run the Procfile until it ends or Ctrl-C comes."""
    log = (stack.run_dir / "processes.log").open("ab")
    # A group of its own: Ctrl-C reaches us alone, and we end the others in order.
    honcho = subprocess.Popen(
        [sys.executable, "-m", "honcho", "start", "-f", str(ROOT / "Procfile"), "--app-root", str(ROOT)],
        cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
    )  # fmt: skip
    (stack.run_dir / "honcho.pid").write_text(str(honcho.pid))
    try:
        wait_until_ready(environment["PUBLIC_URL"], honcho, stack.run_dir / "processes.log")
        announce(stack.run_dir, environment["PUBLIC_URL"], sys.stdout)
        with live(environment, log):
            return honcho.wait()
    except KeyboardInterrupt:
        print("\nStopping …", flush=True)
        return 0
    finally:
        end(honcho)
        (stack.run_dir / "honcho.pid").unlink(missing_ok=True)


@contextlib.contextmanager
def live(environment: Mapping[str, str], log: IO[bytes]) -> Iterator[subprocess.Popen[bytes] | None]:
    """Let the demo's people go on acting, unless DEMO_LIVE is 0. It ends with us, however we end."""
    if environment.get("DEMO_LIVE") == "0":
        yield None
        return
    path = os.pathsep.join((str(ROOT), str(ROOT / "clients" / "python")))
    process = subprocess.Popen(
        [sys.executable, "-m", "app.demo.live"], cwd=ROOT, env={**environment, "PYTHONPATH": path},
        stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()


def end(honcho: subprocess.Popen[bytes]) -> None:
    """End the processes cleanly, and after 15 s at all."""
    if honcho.poll() is None:
        honcho.send_signal(signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        honcho.wait(timeout=15)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(honcho.pid, signal.SIGKILL)


def wait_until_ready(url: str, honcho: subprocess.Popen[bytes], log: Path) -> None:
    """Poll until the service is ready.

    Raises:
        SystemExit: a process ended, or it took more than a minute; the message shows the log's end.
    """
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline and honcho.poll() is None:
        with (
            contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError),
            urllib.request.urlopen(f"{url}/readyz", timeout=2) as answer,  # noqa: S310 - our own address
        ):
            if answer.status == 200:
                return
        time.sleep(0.1)
    raise SystemExit(f"The service did not become ready. The end of {log}:\n{log.read_text()[-3000:]}")


def announce(run_dir: Path, url: str, out: TextIO) -> None:
    """Write the address into demo.json and print how to get in."""
    file = run_dir / "demo.json"
    credentials: dict[str, Any] = json.loads(file.read_text())
    credentials["url"] = url
    file.write_text(json.dumps(credentials, indent=2))
    tenant = credentials["tenants"][0]
    lines = ["", f"  Tollbook is ready: {url}", "", "  Sign in as"]
    shown = set()
    for user in credentials["users"]:
        if user["role"] not in shown:
            shown.add(user["role"])
            place = f" ({user['tenant']})" if user["tenant"] else ""
            lines.append(f"    {user['role']:<18} {user['email']:<34} {user['password']}{place}")
    lines += ["", "  API keys"]
    lines.append(f"    {'vendor':<18} {credentials['vendor_key']}")
    lines.append(f"    {tenant['slug']:<18} {tenant['key']}")
    if os.environ.get("SMTP_URL") is None:
        lines += ["", f"  No mail leaves: each is a file in {run_dir / 'mails'}"]
    lines += ["", f"  All of it is in {file}. The API's documentation: {url}/docs", "  Ctrl-C stops everything.", ""]
    print("\n".join(lines), file=out, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
