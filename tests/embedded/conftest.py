import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.embedded.holder import Holder, servers_in
from tests.waiting import wait_until

VARIABLES = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "SECRET_KEY", "CREDENTIAL_KEYS")


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that names no server, unlike that of a test run."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def make_root() -> Iterator[Callable[[], Path]]:
    """Empty data folders where the servers' account can reach them, which a test's own folder is not."""
    roots: list[Path] = []

    def make() -> Path:
        root = Path(tempfile.mkdtemp(prefix="cartrover-test-"))
        root.chmod(0o711)
        roots.append(root)
        return root

    yield make
    for root in roots:
        shutil.rmtree(root)


@pytest.fixture
def root(make_root: Callable[[], Path]) -> Path:
    return make_root()


@pytest.fixture
def holder(bare: None, root: Path) -> Iterator[Holder]:
    holder = Holder(root)
    yield holder
    holder.end(signal.SIGKILL)
    wait_until(lambda: not servers_in(root))
