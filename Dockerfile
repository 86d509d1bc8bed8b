# The server image: no lab, no tests, no build tools; runs as a plain user on a read-only root.
FROM python:3.11-slim AS build
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /app
COPY requirements-server.lock ./
RUN uv venv /app/.venv && \
    VIRTUAL_ENV=/app/.venv uv pip sync --no-cache --compile-bytecode --require-hashes requirements-server.lock
COPY manage.py ./
COPY cspm cspm
COPY network network
COPY identity identity
COPY inventory inventory
COPY findings findings
COPY drift drift
COPY remediation remediation
COPY compliance compliance
COPY templates templates
COPY static static
ENV PATH=/app/.venv/bin:$PATH STATIC_MANIFEST=1 CSPM_HOME=/app/home PYTHONDONTWRITEBYTECODE=1
RUN SECRET_KEY=build-only python manage.py collectstatic --noinput --verbosity 0 && \
    python -m compileall -q cspm network identity inventory findings drift remediation compliance

FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin cspm
COPY --from=build /app /app
COPY deploy/docker/entrypoint /usr/local/bin/cspm
WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH STATIC_MANIFEST=1 CSPM_HOME=/app/home \
    PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001
EXPOSE 8000
ENTRYPOINT ["cspm"]
CMD ["web"]
