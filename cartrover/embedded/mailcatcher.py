"""A mail server that keeps what it is sent, and a page that shows it. Nothing leaves the machine.

    python -m cartrover.embedded.mailcatcher --smtp-port 1025 --http-port 8025

prints `{"smtp": PORT, "http": PORT}` when it is ready. `/messages` lists the mails as JSON, the newest first.
"""

import argparse
import json
import logging
import re
import threading
from collections import deque
from dataclasses import asdict, dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import unescape

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from flask import Flask, Response, abort, render_template
from werkzeug.serving import make_server

KEPT = 500
LINK = re.compile(r"https?://[^\s<>\"')]+")


@dataclass(frozen=True)
class Mail:
    """One mail as a person reads it. `to` is whom it was delivered to, whatever its headers say."""

    id: int
    sender: str
    to: list[str]
    subject: str
    date: str
    text: str
    html: str
    links: list[str]


@dataclass
class Box:
    """The last mails, the newest first."""

    mails: deque[Mail] = field(default_factory=lambda: deque(maxlen=KEPT))
    count: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, sender: str, to: list[str], content: bytes) -> None:
        message = message_from_bytes(content, policy=policy.default)
        text, html = _body(message, "plain"), _body(message, "html")
        links = LINK.findall(text) + [unescape(link) for link in LINK.findall(html)]
        with self.lock:
            self.count += 1
            subject, date = str(message["subject"] or ""), str(message["date"] or "")
            self.mails.appendleft(Mail(self.count, sender, to, subject, date, text, html, list(dict.fromkeys(links))))

    def find(self, number: int) -> Mail | None:
        return next((mail for mail in list(self.mails) if mail.id == number), None)


class Receiver:
    """aiosmtpd's handler: every mail for everybody is taken."""

    def __init__(self, box: Box) -> None:
        self.box = box

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.box.add(envelope.mail_from or "", list(envelope.rcpt_tos), envelope.original_content or b"")
        return "250 OK"


def pages(box: Box) -> Flask:
    """The box in a browser, and as JSON."""
    app = Flask(__name__, template_folder="pages")

    @app.get("/")
    def index() -> str:
        return render_template("list.html", mails=list(box.mails))

    @app.get("/messages")
    def messages() -> list[dict[str, object]]:
        return [asdict(mail) for mail in list(box.mails)]

    @app.delete("/messages")
    def forget() -> tuple[str, int]:
        box.mails.clear()
        return "", 204

    @app.get("/messages/<int:number>")
    def message(number: int) -> str:
        return render_template("mail.html", mail=_or_404(box.find(number)))

    @app.get("/messages/<int:number>/html")
    def html(number: int) -> Response:
        return Response(_or_404(box.find(number)).html, mimetype="text/html")

    return app


def _or_404(mail: Mail | None) -> Mail:
    return mail if mail is not None else abort(404)


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()) if part is not None else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--http-port", type=int, required=True)
    options = parser.parse_args()
    # One line a page view would bury what the demo says.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    box = Box()
    Controller(Receiver(box), hostname="127.0.0.1", port=options.smtp_port).start()
    server = make_server("127.0.0.1", options.http_port, pages(box), threaded=True)
    print(json.dumps({"smtp": options.smtp_port, "http": options.http_port}), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
