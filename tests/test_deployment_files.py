"""Dockerfile, docker-compose.yml and .env.example say what the settings and the processes say."""

import json
import re
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from cartrover.embedded import processes
from cartrover.embedded.place import CHECKOUT
from cartrover.embedded.postgres_server import CLUSTER
from cartrover.environment import ENVIRONMENT
from integrations.ebay.integration import integration as ebay
from integrations.ebay.simulator.settings import DEFAULTS as EBAY_DEFAULTS
from integrations.tradegecko.integration import integration as tradegecko
from integrations.tradegecko.simulator.settings import DEFAULTS as TRADEGECKO_DEFAULTS

COMPOSE: dict[str, Any] = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PORTAL = ("migrate", "web", "worker", "ticker")


def documented() -> dict[str, str]:
    """Each variable of .env.example with the line above it, or above the command that makes it."""
    found, sentence = {}, ""
    for line in (CHECKOUT / ".env.example").read_text().splitlines():
        if line.startswith("# ") and not line.startswith("#   "):
            sentence = line.removeprefix("# ")
        elif match := re.match(r"([A-Z_]+)=", line):
            found[match[1]] = sentence
    return found


def interpolated(text: str) -> set[str]:
    return set(re.findall(r"\$\{([A-Z_]+)", text))


def dockerfile() -> list[tuple[str, str]]:
    """The instructions, each with its words."""
    text = re.sub(r"\\\n", " ", (CHECKOUT / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines]


def instructions(name: str) -> list[str]:
    return [words for instruction, words in dockerfile() if instruction == name]


def test_every_setting_is_documented_with_its_own_sentence_and_nothing_else_is() -> None:
    servers = {name for name in documented() if name.endswith("_PASSWORD")}
    assert {name: text for name, text in documented().items() if name not in servers} == ENVIRONMENT
    assert servers == interpolated((CHECKOUT / "docker-compose.yml").read_text()) - set(ENVIRONMENT)


def test_an_unfilled_example_sets_nothing_by_accident() -> None:
    lines = (CHECKOUT / ".env.example").read_text().splitlines()
    assert [line for line in lines if re.match(r"[A-Z_]+=.", line)] == ["PORTAL_URL=https://portal.example.com"]


def test_the_stand_ins_in_containers_are_where_and_who_the_document_says() -> None:
    section = (CHECKOUT / "docs" / "operating.md").read_text().split("## The stand-ins in containers")[1].split("\n## ")[0]
    said = dict(re.findall(r"^    ([A-Z_]+)=(.+)$", section, re.MULTILINE))
    assert [made.trouble for made in (ebay(said), tradegecko(said))] == ["", ""]
    assert (said["EBAY_CLIENT_ID"], said["EBAY_CLIENT_SECRET"], said["EBAY_RUNAME"]) == tuple(
        EBAY_DEFAULTS[name] for name in ("client_id", "client_secret", "runame")
    )
    assert (said["TRADEGECKO_CLIENT_ID"], said["TRADEGECKO_CLIENT_SECRET"]) == tuple(
        TRADEGECKO_DEFAULTS[name] for name in ("client_id", "client_secret")
    )
    for name in ("EBAY_API_URL", "EBAY_IDENTITY_URL", "TRADEGECKO_API_URL"):
        where = urlsplit(said[name])
        assert f"port {where.port}" in SERVICES[str(where.hostname)]["command"]


@pytest.mark.parametrize("service", PORTAL)
def test_a_composed_process_gets_only_variables_that_the_settings_read(service: str) -> None:
    assert set(SERVICES[service]["environment"]) <= set(ENVIRONMENT)
    assert SERVICES[service]["env_file"] == ".env"


def test_the_composed_processes_run_the_commands_of_the_embedded_ones() -> None:
    assert shlex.split(SERVICES["web"]["command"]) == processes.WEB
    assert shlex.split(SERVICES["worker"]["command"]) == processes.WORKER
    assert shlex.split(SERVICES["ticker"]["command"]) == processes.TICKER
    shell = shlex.split(SERVICES["migrate"]["command"])
    assert shell[:2] == ["sh", "-c"]
    assert [shlex.split(part) for part in shell[2].split("&&")] == processes.PREPARE
    assert json.loads(instructions("CMD")[-1]) == processes.WEB


def test_nothing_starts_on_tables_that_are_not_migrated() -> None:
    for service in ("web", "worker", "ticker"):
        assert SERVICES[service]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


def test_postgresql_is_recent_enough_and_made_by_the_one_roles_file() -> None:
    postgres = SERVICES["postgres"]
    assert int(postgres["image"].removeprefix("postgres:")) >= 16
    (mounted,) = [volume for volume in postgres["volumes"] if "initdb" in volume]
    source, target, mode = mounted.split(":")
    assert (CHECKOUT / source).is_file()
    assert Path(target).parent == Path("/docker-entrypoint-initdb.d")
    assert mode == "ro"
    roles = (CHECKOUT / source).read_text()
    assert set(re.findall(r"\\getenv \w+ (\w+)", roles)) <= set(postgres["environment"])
    assert set(shlex.split(postgres["environment"]["POSTGRES_INITDB_ARGS"])) | {"--username=postgres"} == set(CLUSTER)


def test_redis_refuses_rather_than_forgets_and_asks_for_a_password() -> None:
    options = shlex.split(SERVICES["redis"]["command"])
    assert options[options.index("--maxmemory-policy") + 1] == "noeviction"
    assert options[options.index("--appendonly") + 1] == "yes"
    assert "--requirepass" in options


def test_only_this_host_reaches_what_is_published() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert published
    assert [port for port in published if not port.startswith("127.0.0.1:")] == []


def test_the_stand_ins_wait_for_their_profile() -> None:
    stand_ins = [name for name, service in SERVICES.items() if "simulator" in str(service.get("command"))]
    assert stand_ins == ["ebay", "tradegecko"]
    assert all(SERVICES[name]["profiles"] == ["standins"] for name in stand_ins)


def test_the_image_runs_a_python_that_the_project_allows() -> None:
    image = re.match(r"python:(\d+)\.(\d+)-", instructions("FROM")[0])
    assert image is not None
    assert (int(image[1]), int(image[2])) in ((3, 11), (3, 12))


def test_the_image_installs_what_is_locked_and_runs_as_nobody_special() -> None:
    installs = [words for words in instructions("RUN") if "pip install" in words]
    assert installs
    assert all("--require-hashes -r requirements.lock" in words for words in installs)
    assert instructions("USER")[-1] not in ("root", "0")
    copied = {words.split()[0] for words in instructions("COPY")}
    ignored = (CHECKOUT / ".dockerignore").read_text().splitlines()
    assert copied == {line.removeprefix("!") for line in ignored if line.startswith("!")}


def test_no_lock_names_a_registry() -> None:
    locks = list(CHECKOUT.glob("*.lock"))
    assert locks
    for lock in locks:
        assert "://" not in lock.read_text()
        assert "--hash=sha256:" in lock.read_text()
