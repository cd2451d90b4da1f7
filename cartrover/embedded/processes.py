"""The portal's processes: the commands, which docker-compose.yml repeats and a test keeps equal."""

from cartrover.embedded.supervisor import Supervisor

PREPARE = [
    ["python", "manage.py", "migrate", "--database", "owner"],
    ["python", "manage.py", "createcachetable", "--database", "owner"],
]
WEB = ["gunicorn", "cartrover.wsgi", "--worker-class", "gthread", "--threads", "8", "--no-control-socket"]
WORKER = ["celery", "-A", "cartrover", "worker", "-P", "threads", "-c", "8", "--without-gossip", "--without-mingle"]
TICKER = ["python", "manage.py", "ticker"]


def prepare(supervisor: Supervisor) -> None:
    """Brings the tables up to this version."""
    for command in PREPARE:
        supervisor.run(command[2], command)


def start_portal(supervisor: Supervisor, port: int) -> None:
    """Starts the portal on 127.0.0.1:port, its worker and its ticker, and waits until pages are served."""
    supervisor.start("web", WEB, GUNICORN_CMD_ARGS=f"--bind=127.0.0.1:{port}")
    supervisor.start("worker", WORKER)
    supervisor.start("ticker", TICKER)
    supervisor.wait_for_port("web", port)
