"""Processes side by side: they run together, say who failed, and leave nobody behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from cartrover.embedded.errors import EmbeddedError
from cartrover.embedded.place import CHECKOUT, held
from cartrover.embedded.supervisor import Supervisor
from cartrover.embedded.tether import end_leftovers
from tests.waiting import wait_until

SLEEPS = ["python", "-c", "import time; time.sleep(600)"]
PARENT = """
import sys, time
from pathlib import Path
from cartrover.embedded.place import Place
from cartrover.embedded.supervisor import Supervisor, end_on_signals
end_on_signals()
with Supervisor(Place(Path(sys.argv[1])), {}) as supervisor:
    supervisor.start("child", ["python", "-c", "import time; time.sleep(600)"])
    print(supervisor.children["child"].process.pid, flush=True)
    supervisor.watch()
"""


def supervisor_in(root: Path, **environment: str) -> Supervisor:
    with held(root) as place:
        return Supervisor(place, os.environ | environment)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_child_dies_with_its_parent_however_that_ends(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-c", PARENT, str(tmp_path)]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        assert child.is_running()
        parent.send_signal(number)
    wait_until(lambda: not child.is_running())


def test_when_one_dies_all_end_and_its_last_words_are_told(tmp_path: Path) -> None:
    with supervisor_in(tmp_path) as supervisor:
        supervisor.start("steady", SLEEPS)
        steady = supervisor.children["steady"].process
        supervisor.start("fragile", ["python", "-c", "print('the disk is full'); raise SystemExit(3)"])
        with pytest.raises(EmbeddedError, match=r"(?s)fragile ended \(exit 3\).*the disk is full"):
            supervisor.watch()
    assert steady.poll() is not None


def test_a_child_that_will_not_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cartrover.embedded.tether.PATIENCE", 0.2)
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('{}'); time.sleep(600)"
    with supervisor_in(tmp_path) as supervisor:
        supervisor.announced("deaf", ["python", "-c", deaf])
        child = supervisor.children["deaf"].process
    assert child.returncode == -signal.SIGKILL


def test_what_a_process_announces_is_read_past_its_other_lines(tmp_path: Path) -> None:
    says = """import time; print("starting"); print('{"api": 8001}'); time.sleep(600)"""
    with supervisor_in(tmp_path) as supervisor:
        assert supervisor.announced("stand-in", ["python", "-c", says]) == {"api": 8001}


def test_output_carries_its_name_and_stays_in_a_log(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with supervisor_in(tmp_path, GREETING="hello") as supervisor:
        assert supervisor.run("greeter", ["python", "-c", "import os; print(os.environ['GREETING'])"]) == "hello"
    assert "greeter | hello" in capfd.readouterr().out
    assert (tmp_path / "logs" / "greeter.log").read_text() == "hello\n"


def test_a_step_that_fails_stops_the_start_with_its_words(tmp_path: Path) -> None:
    with supervisor_in(tmp_path) as supervisor, pytest.raises(EmbeddedError, match=r"(?s)migrate failed.*no such table"):
        supervisor.run("migrate", ["python", "-c", "raise SystemExit('no such table')"])


def test_an_outcome_gives_the_exit_code_and_the_last_line(tmp_path: Path) -> None:
    with supervisor_in(tmp_path) as supervisor:
        says = "print('looking'); print('done'); raise SystemExit(1)"
        assert supervisor.outcome("judge", ["python", "-c", says]) == (1, "done")


def test_a_step_does_not_go_on_without_the_others(tmp_path: Path) -> None:
    with supervisor_in(tmp_path) as supervisor:
        supervisor.start("web", ["python", "-c", "pass"])
        with pytest.raises(EmbeddedError, match="web ended"):
            supervisor.outcome("judge", SLEEPS)


def test_a_supervised_process_that_was_left_behind_is_ended_at_the_next_start(tmp_path: Path) -> None:
    supervisor = supervisor_in(tmp_path)
    with subprocess.Popen([sys.executable, *SLEEPS[1:]], env=supervisor.environment) as left:
        with held(tmp_path) as place:
            end_leftovers(place.root)
        assert left.poll() is not None


def test_a_process_of_another_folder_is_left_alone(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    with supervisor_in(there) as other:
        other.start("steady", SLEEPS)
        with held(here) as place:
            end_leftovers(place.root)
        other.check()
        assert other.children["steady"].process.poll() is None
