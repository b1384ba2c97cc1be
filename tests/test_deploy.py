"""The files of `deploy/`: each is read as the program it is for reads it, and agrees with what the project starts."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import pytest
import yaml
from dotenv import dotenv_values
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from actions.go_on import FLOWS
from bot import figures
from bot.server import CHANNELS, LARGEST_REQUEST, REQUEST_ID
from faq.book import load_flows
from hrss import words
from hrss.settings import Settings
from tests.conftest import ROOT

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
PROCESSES = dict(
    re.findall(r"^(\w+): python (.+)$", (ROOT / "Procfile").read_text(encoding="utf-8"), re.MULTILINE)
)
KNOWN = set(re.findall(r"^#([A-Z_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))
OF_OTHERS = {"PYTHONPATH", "PYTHONUNBUFFERED", "POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD"}
OF_OTHERS |= {"RABBITMQ_DEFAULT_USER", "RABBITMQ_DEFAULT_PASS", "RABBITMQ_PASSWORD"}
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yml").read_text(encoding="utf-8"))


def exec_of(unit: Path) -> str:
    [command] = re.findall(r"^ExecStart=(.+)$", unit.read_text(encoding="utf-8"), re.MULTILINE)
    return str(command)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_accepts_a_unit(unit: Path, tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd is not here")
    for each in UNITS:  # a timer looks for its service beside it
        told = each.read_text(encoding="utf-8").replace("/srv/hrss/.venv/bin/python", sys.executable)
        (tmp_path / each.name).write_text(told, encoding="utf-8")

    verified = subprocess.run(
        [analyze, "verify", "--man=no", str(tmp_path / unit.name)], capture_output=True, text=True
    )

    about_it = [line for line in verified.stderr.splitlines() if unit.name in line]
    assert (verified.returncode, about_it) == (0, [])


def test_every_process_has_a_unit_and_a_service_that_start_it_as_make_run_does() -> None:
    units = {unit.stem.removeprefix("hrss-"): unit for unit in UNITS if unit.suffix == ".service"}

    assert len(PROCESSES) >= 4
    for name, command in PROCESSES.items():
        assert exec_of(units[name]) == f"/srv/hrss/.venv/bin/python {command}"
        assert COMPOSE["services"][name]["command"] == ["python", *command.split()]


def test_every_service_says_whether_it_is_well() -> None:
    assert [name for name, service in COMPOSE["services"].items() if "healthcheck" not in service] == []


def test_every_name_of_the_environment_is_one_that_the_code_reads() -> None:
    named = set(dotenv_values(DEPLOY / "environment"))
    for service in COMPOSE["services"].values():
        named |= set(service["environment"])
    named |= set(re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yml").read_text(encoding="utf-8")))

    assert named - KNOWN - OF_OTHERS == set()


def test_the_environment_is_complete_once_its_secrets_are_written_in() -> None:
    key = base64.b64encode(b"k" * 32).decode()
    given = {name: value or "" for name, value in dotenv_values(DEPLOY / "environment").items()}
    keys = {"VAULT_KEYS": f"k1:{key}", "LOOKUP_KEY": key}
    secrets = {name: "s" * 40 for name, value in given.items() if value == "change-me"}

    settings = Settings.from_env({**given, **secrets, **keys})

    assert settings.web_proxies == 1
    assert settings.database_url.startswith("postgresql://")


NGINX = re.sub(r"#.*", "", (DEPLOY / "nginx.conf").read_text(encoding="utf-8"))
LOCATIONS = dict(re.findall(r"location (?:= )?(\S+) \{([^{}]*)\}", NGINX))


def test_nginx_accepts_its_file(tmp_path: Path) -> None:
    assert NGINX.count("{") == NGINX.count("}")
    for line in filter(None, map(str.strip, NGINX.splitlines())):
        assert line.endswith((";", "{", "}")), line
    nginx = shutil.which("nginx")
    if nginx is None:
        pytest.skip("nginx is not here: its file was read, not run")
    for name in ("hall", "console"):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}"]
            + ["-keyout", str(tmp_path / f"{name}.key"), "-out", str(tmp_path / f"{name}.pem")],
            check=True,
            capture_output=True,
        )
    told = (DEPLOY / "nginx.conf").read_text(encoding="utf-8").replace("/etc/nginx/tls", str(tmp_path))
    whole = tmp_path / "nginx.conf"
    whole.write_text(f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{\n{told}\n}}\n", encoding="utf-8")
    checked = subprocess.run([nginx, "-t", "-c", str(whole)], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


def test_nginx_lets_through_the_channels_alone_and_says_who_asked() -> None:
    to_the_bot = {path: body for path, body in LOCATIONS.items() if "http://hrss_bot" in body}

    assert set(to_the_bot) == {CHANNELS, f"{CHANNELS}web/events"}
    for body in to_the_bot.values():
        assert "X-Forwarded-For $remote_addr;" in body, "the client's own claim is dropped"
        assert f"{REQUEST_ID} $request_id;" in body
    assert "proxy_buffering off;" in to_the_bot[f"{CHANNELS}web/events"]
    [megabytes] = set(re.findall(r"client_max_body_size (\d+)m;", NGINX))
    assert int(megabytes) * 1024 * 1024 >= LARGEST_REQUEST


# What Grafana shows


def test_the_dashboard_asks_for_figures_that_the_bot_gives() -> None:
    dashboard = json.loads((DEPLOY / "grafana" / "hrss.json").read_text(encoding="utf-8"))
    given = {metric.name for metric in figures.COUNTED} | set(
        re.findall(r'"(hrss_\w+)"', (ROOT / "bot" / "figures.py").read_text(encoding="utf-8"))
    )

    asked = set(re.findall(r"hrss_[a-z_]+", json.dumps([panel["targets"] for panel in dashboard["panels"]])))
    assert len(asked) >= 12
    assert {name.removesuffix("_bucket") for name in asked} - given == set()
    places = [tuple(panel["gridPos"].items()) for panel in dashboard["panels"]]
    assert len(set(places)) == len(places)


# What can be closed


def test_every_flow_and_channel_can_be_closed() -> None:
    closable = words.read("closable")
    credentials = (ROOT / "credentials.yml").read_text(encoding="utf-8")
    channels = set(re.findall(r"^bot\.channels\.(\w+)\.", credentials, re.MULTILINE))

    assert channels - set(closable["channel"]) == set()
    assert (FLOWS.keys() | load_flows().keys()) - set(closable["flow"]) == set()


# What the pages promise


@pytest.mark.parametrize("page", ["security.md", "reliability.md", "privacy.md"])
def test_every_test_that_a_page_names_is_there(page: str) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(test_\w+))?`", (ROOT / "docs" / page).read_text("utf-8"))

    assert len(named) > 10
    for path, test in named:
        assert f"def {test}" in (ROOT / path).read_text(encoding="utf-8"), (path, test)


@pytest.mark.parametrize("page", ["security.md", "reliability.md", "privacy.md"])
def test_every_promise_names_a_test_that_keeps_it(page: str) -> None:
    lines = (ROOT / "docs" / page).read_text("utf-8").splitlines()
    kept = False
    rows = []
    for line in lines:
        kept = line.endswith("| kept by |") or (kept and line.startswith("|"))
        rows += [line] if kept and not line.endswith("| kept by |") and not line.startswith("| ---") else []

    assert len(rows) > 10
    assert [row for row in rows if not re.search(r"`(tests/[\w/]+\.py|…)", row.rsplit(" | ", 1)[1])] == []


# Libraries

LOCKED = (ROOT / "requirements" / "run.txt").read_text(encoding="utf-8")
HOLDING = ("rasa", "rasa-sdk", "tensorflow")


def test_what_is_held_back_is_looked_at_again_when_its_version_changes() -> None:
    """Of what Rasa does not let us take at its newest, the page says in which version it was read."""
    page = " ".join((ROOT / "docs" / "security.md").read_text(encoding="utf-8").split())
    locked = set(re.findall(r"^([a-z0-9-]+)==(\S+)", LOCKED, re.MULTILINE))
    held = {
        canonicalize_name(each.name)
        for of in HOLDING
        for each in map(Requirement, requires(of) or ())
        if bound(each)
    }

    # Some have one version for each kind of machine: one of them is read.
    read = {name for name, version in locked if re.search(rf" {name} {re.escape(version)}[ ,.]", f"{page} ")}
    assert len(held & {name for name, _ in locked}) > 70
    assert {name for name, _ in locked if name in held} - read == set()
    listed = set(re.findall(r"\| ([a-z0-9-]+) ([0-9][\w.]*) \|", page))
    assert listed - locked == set(), "a version that is no longer locked"


def bound(requirement: Requirement) -> bool:
    applies = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    return applies and any(each.operator in ("<", "<=", "==", "~=") for each in requirement.specifier)


def test_everything_that_is_installed_is_compared_with_a_hash() -> None:
    packages = re.split(r"^(?=[a-z0-9])", LOCKED, flags=re.MULTILINE)[1:]

    assert len(packages) > 100
    assert [each.split()[0] for each in packages if "--hash=sha256:" not in each] == []
    assert "--require-hashes" in (ROOT / "scripts" / "setup.py").read_text(encoding="utf-8")
