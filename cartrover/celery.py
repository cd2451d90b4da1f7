"""Celery carries hints ("look at stream 17") and nothing else: PostgreSQL is the truth."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cartrover.settings")

from django.conf import settings  # needs the line above

app = Celery("cartrover", broker=settings.REDIS_URL)
app.conf.update(
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    task_acks_late=False,  # a lost hint is harmless, a repeated one costs a look
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    broker_transport_options={"visibility_timeout": 120, "socket_timeout": 5, "socket_connect_timeout": 2},
    task_publish_retry=False,
    broker_connection_max_retries=None,  # an outage of Redis may last; the worker goes on without it
    task_default_queue="cartrover",
)
app.autodiscover_tasks(["cartrover.sync"])
