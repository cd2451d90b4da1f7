FROM python:3.12-slim

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    GUNICORN_CMD_ARGS="--bind=0.0.0.0:8000 --worker-tmp-dir=/dev/shm"

WORKDIR /app
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin cartrover \
    && install --directory --owner=cartrover /data

COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock

COPY manage.py ./
COPY cartrover cartrover
COPY integrations integrations
COPY static static
COPY templates templates

# Collecting static files imports the settings and connects to nothing.
RUN env SECRET_KEY=none REDIS_URL=redis://none DATABASE_URL=postgres://none/none \
    DATABASE_OWNER_URL=postgres://none/none CREDENTIAL_KEYS=none:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= \
    python manage.py collectstatic --noinput

USER cartrover
EXPOSE 8000
CMD ["gunicorn", "cartrover.wsgi", "--worker-class", "gthread", "--threads", "8", "--no-control-socket"]
