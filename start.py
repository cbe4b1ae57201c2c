"""Install LensMAE into ./.venv and open the dashboard, or run the tests. Needs Python 3.11 and nothing else.

python3 start.py                 install what is missing, open the dashboard
python3 start.py test            install what is missing, run linter, import contracts, documentation and tests
python3 start.py install         install only
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
SCRIPTS = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = SCRIPTS / ("python.exe" if os.name == "nt" else "python")
# Program -> Debian's package.
PROGRAMS = {"slurmctld": "slurm-wlm", "munged": "munge", "nginx": "nginx-light"}
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def main() -> int:
    """Install, then do what was asked; the exit status of that."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", nargs="?", choices=("open", "test", "install"), default="open")
    parser.add_argument("--port", type=int, default=8501, help="port of the dashboard (8501)")
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser window")
    options = parser.parse_args()
    if sys.version_info < (3, 11):  # noqa: UP036, this file is what an older Python meets first
        print(f"LensMAE needs Python 3.11 or later; this is {sys.version.split()[0]}.", file=sys.stderr)
        return 2
    try:
        if options.action == "test":
            return test()
        install("requirements.txt")
    except subprocess.CalledProcessError as problem:
        print(f"This step failed (exit status {problem.returncode}): {' '.join(map(str, problem.cmd))}", file=sys.stderr)
        return 1
    return open_dashboard(options.port, options.no_browser) if options.action == "open" else 0


def install(lock: str) -> None:
    """Make the environment and install exactly what a lock file lists, unless that was done before."""
    stamp = VENV / f"{lock}.sha256"
    wanted = hashlib.sha256(b"".join((ROOT / name).read_bytes() for name in (lock, "pyproject.toml"))).hexdigest()
    if PYTHON.is_file() and stamp.is_file() and stamp.read_text() == wanted:
        return
    if not PYTHON.is_file():
        print("Making the environment in .venv ...", flush=True)
        venv.create(VENV, with_pip=True)
    print(f"Installing {lock} (a few minutes the first time) ...", flush=True)
    # Compiled now: decoding processes, which may write no files, would compile what they import every time.
    pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "-r", ROOT / lock], check=True)
    # Editable: `lensmae` runs from this folder, beside the shipped checkpoints and the pages.
    subprocess.run([*pip, "--no-deps", "--editable", ROOT], check=True)
    stamp.write_text(wanted)


def open_dashboard(port: int, no_browser: bool) -> int:
    """Run the dashboard until it is stopped."""
    command = [PYTHON, "-m", "lensmae", "dashboard", "--port", str(port)]
    if no_browser:
        command.append("--no-browser")
    if os.name == "posix":
        # The dashboard takes this process's place, so a signal to stop reaches it.
        os.chdir(ROOT)
        os.execv(PYTHON, list(map(str, command)))
    return run(command)


def test() -> int:
    """Linter, format, import contracts, tests and documentation; stops at the first that fails."""
    with ThreadPoolExecutor(1) as beside:
        # The system's packages and Python's come from different places.
        found = beside.submit(find_programs)
        install("requirements-dev.txt")
        found.result()
    steps = [
        [SCRIPTS / "ruff", "check", "."],
        [SCRIPTS / "ruff", "format", "--check", "."],
        # Its cache goes by time stamps and misses changes.
        [SCRIPTS / "lint-imports", "--no-cache"],
    ]
    # One test process a core, so each keeps to one thread; a third on two cores gained nothing.
    tests = [PYTHON, "-m", "pytest", "-n", str(os.cpu_count() or 1), "--dist", "loadfile", "--no-loadscope-reorder"]
    # A warning, a dead link among them, is an error.
    site = [PYTHON, "-m", "sphinx", "-W", "--keep-going", "-q", "docs", "build/site"]
    for step in steps:
        if status := shown(step):
            return status
    with ThreadPoolExecutor(1) as beside:
        built = beside.submit(shown, site)
        return shown(tests) or built.result()


def find_programs() -> None:
    """Some tests need programs of the system: a browser, Slurm, nginx. Debian's packages are installed where that is possible."""
    missing = [] if any(shutil.which(name) for name in BROWSERS) else ["chromium"]
    # What only root runs lies where only root looks.
    path = f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin{os.pathsep}/sbin"
    missing += [package for program, package in PROGRAMS.items() if shutil.which(program, path=path) is None]
    if not missing:
        return
    named = ", ".join(missing)
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        print(f"Installing {named} for the tests ...", flush=True)
        quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        subprocess.run(["apt-get", "install", "-y", "-qq", *missing], check=True, env=quiet)
        return
    print(f"Not found: {named}. The tests that need a browser fail then, those that need another are left out.", file=sys.stderr)


def shown(step: list[Path | str]) -> int:
    """Exit status of a step, which is printed first."""
    # Virtual machines may be slow at giving memory page by page: with large pages some run the tests in half of the time.
    large_pages = "glibc.malloc.hugetlb=1"
    print(f"\n$ {' '.join(os.path.relpath(part, ROOT) if isinstance(part, Path) else part for part in step)}", flush=True)
    return run(step, OMP_NUM_THREADS="1", GLIBC_TUNABLES=large_pages)


def run(command: list[Path | str], **environment: str) -> int:
    """Exit status of a command run in the project's folder; Ctrl-C ends it quietly."""
    try:
        return subprocess.run(command, cwd=ROOT, env=os.environ | environment).returncode
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
