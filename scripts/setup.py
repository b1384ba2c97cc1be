"""
Make everything that running needs: `.venv` from the hash-locked requirements, secrets, tables, a trained model.

Runs on any Python 3.8 or later and needs nothing installed but it and pip. What is there already and fits is kept.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV, UV_HOME = ROOT / ".venv", ROOT / ".uv"
PYTHON, UV = VENV / "bin" / "python", UV_HOME / "bin" / "uv"
LOCK = ROOT / "requirements" / "test.txt"
MODELS, VAR = ROOT / "models", ROOT / "var"
NEEDED_GIGABYTES = 4  # of which Rasa and TensorFlow take most
TRAINED_FROM = [
    "config.yml",
    "domain.yml",
    "bot/nlu",
    "bot/policy.py",
    "data",
    "faq/entries",
    "faq/lexicon",
    "faq/clarifications.yml",
    "faq/asking.py",
    "faq/book.py",
    "faq/clean.py",
    "faq/encoders.py",
    "faq/features.py",
    "faq/pinyin.py",
    "faq/places.py",
    "faq/ranking.py",
    "faq/segmenter.py",
    "faq/space.py",
]


class CannotGoOn(Exception):
    """Something only a person can mend; the message says what."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", action="store_true", help="train a model even if nothing changed")
    wanted = parser.parse_args()
    os.chdir(ROOT)
    try:
        install()
        run("making the database", [str(PYTHON), "-m", "hrss", "init"], quiet=True)
        run("making the demo hall", [str(PYTHON), "-m", "hrss", "demo"], quiet=False)
        train(anew=wanted.train)
    except CannotGoOn as reason:
        print(f"setup: {reason}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("setup: interrupted; run the same command again to go on", file=sys.stderr)
        return 130
    return 0


def install() -> None:
    stamp, wanted = VENV / "locked-by", hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted and PYTHON.exists():
        return
    free = shutil.disk_usage(ROOT).free / 2**30
    if free < NEEDED_GIGABYTES:
        raise CannotGoOn(
            f"{free:.1f} GB are free here, {NEEDED_GIGABYTES} GB are needed: make room, then run this again."
        )
    if not UV.exists():
        run("installing uv", [sys.executable, "-m", "venv", str(UV_HOME)])
        run(
            "installing uv",
            [str(UV_HOME / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", "uv"],
        )
    if not (PYTHON.exists() and is_310(PYTHON)):
        run("making .venv", [str(UV), "venv", "--quiet", "--clear", "--python", find_python(), str(VENV)])
    # Over what is there: whoever works in it meanwhile, a server or a test, keeps what it has loaded.
    run(
        "installing packages (about 2.5 GB, some minutes the first time)",
        # Compiled once: else every process whose surroundings forbid Python to write byte code compiles all it imports.
        [
            str(UV),
            "pip",
            "install",
            "--require-hashes",
            "--compile-bytecode",
            f"--python={PYTHON}",
            f"-r{LOCK}",
        ],
        show_errors=True,
    )
    stamp.write_text(wanted)


def find_python() -> str:
    """Return a Python 3.10: one that is here, or one that uv fetches."""
    here = [Path(sys.executable), *map(Path, filter(None, [shutil.which("python3.10")]))]
    here += sorted((Path.home() / ".pyenv" / "versions").glob("3.10.*/bin/python3.10"), reverse=True)
    for python in here:
        if is_310(python):
            return str(python)
    step("looking for Python 3.10")
    found = subprocess.run([str(UV), "python", "install", "3.10"], capture_output=True, text=True)
    if found.returncode == 0:
        return "3.10"
    raise CannotGoOn(
        "Python 3.10 is needed (Rasa 3.6 runs on no later one), is not here and could not be fetched. "
        "Install it (for example `pyenv install 3.10`, or your system's python3.10), then run this again."
    )


def is_310(python: Path) -> bool:
    try:
        asked = subprocess.run(
            [str(python), "-c", "import sys, venv; print(sys.version_info[:2] == (3, 10))"],
            capture_output=True,
            text=True,
        )
    except OSError:
        return False
    return asked.stdout.strip() == "True"


def train(*, anew: bool) -> None:
    stamp, wanted = MODELS / "trained-from", fingerprint()
    if not anew and any(MODELS.glob("*.tar.gz")) and stamp.exists() and stamp.read_text() == wanted:
        return
    run(
        "training the model (about a minute)",
        [str(PYTHON), "-m", "bot", "train"],
        quiet=True,
    )
    stamp.write_text(wanted)


def fingerprint() -> str:
    """Identify what a model is trained from: the same files, the same fingerprint."""
    digest = hashlib.sha256()
    for name in TRAINED_FROM:
        path = ROOT / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and file.suffix in (".yml", ".py", ".txt"):
                digest.update(file.relative_to(ROOT).as_posix().encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()


def step(what: str) -> None:
    print(f"· {what} …", flush=True)


def run(what: str, command: "list[str]", *, quiet: bool = True, show_errors: bool = False) -> None:
    """Run a part of the setup; when it fails, show what it said and stop."""
    started = time.monotonic()
    if quiet:
        step(what)
    streams = (
        {} if not quiet else {"stdout": subprocess.PIPE, "stderr": None if show_errors else subprocess.STDOUT}
    )
    done = subprocess.run(command, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}, **streams)
    if done.returncode:
        said = (done.stdout or "").strip().splitlines()[-15:]
        if "No space left on device" in " ".join(said):
            raise CannotGoOn(f"{what}: the disk is full. Make room, then run this again.")
        raise CannotGoOn("\n".join([f"{what}: failed", *said]))
    if quiet and time.monotonic() - started > 5:
        print(f"  done in {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
