"""See that Chromium, a Chinese font and libfaketime are here, for the tests; install Debian's where that is possible."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

CLOCK = "libfaketime"  # of the drill on clocks that step, which is skipped without it
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def main() -> int:
    missing = []
    if not os.environ.get("CHROMIUM") and not any(map(shutil.which, NAMES)):
        missing.append("chromium")
    if not has_chinese_font():
        missing.append("fonts-noto-cjk")
    if not any(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")):
        missing.append(CLOCK)
    if not missing:
        return 0
    if shutil.which("apt-get") and os.geteuid() == 0:
        print(f"· installing {' and '.join(missing)} for the tests …", flush=True)
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], env=environment, **quiet)
        done = subprocess.run(["apt-get", "install", "-y", "-qq", *missing], env=environment, **quiet)
        if done.returncode == 0:
            return 0
    if missing == [CLOCK]:
        return 0
    print(
        f"browser: the tests need {' and '.join(missing)}, which could not be installed from here. "
        "On Debian or Ubuntu: apt-get install chromium fonts-noto-cjk. Elsewhere, set CHROMIUM to a Chromium's path.",
        file=sys.stderr,
    )
    return 1


def has_chinese_font() -> bool:
    if shutil.which("fc-list"):
        found = subprocess.run(["fc-list", ":lang=zh"], capture_output=True, text=True).stdout
        return bool(found.strip())
    return any(Path("/usr/share/fonts").rglob("*CJK*"))


if __name__ == "__main__":
    sys.exit(main())
