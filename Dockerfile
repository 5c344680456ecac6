# One image for every part of Keytalk: `keytalk serve SERVICE`, `keytalk migrate`, `keytalk up`.

FROM python:3.12-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
RUN python -m venv /opt/keytalk
ENV PATH=/opt/keytalk/bin:$PATH
WORKDIR /src
# The dependencies change less often than the code, so they are a layer of their own.
COPY requirements/app.txt requirements/
RUN pip install --require-hashes -r requirements/app.txt
COPY pyproject.toml README.md ./
COPY shared shared
COPY services services
COPY ops ops
RUN pip install --no-deps --no-build-isolation . && python -m compileall -q /opt/keytalk/lib

FROM python:3.12-slim-bookworm
RUN useradd --system --uid 10001 --user-group --home-dir /var/lib/keytalk --create-home --shell /usr/sbin/nologin keytalk
COPY --from=build /opt/keytalk /opt/keytalk
ENV PATH=/opt/keytalk/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    KEYTALK_HOME=/var/lib/keytalk \
    KEYTALK_BIND=0.0.0.0 \
    KEYTALK_INTERNAL_PORT=8002
USER keytalk
WORKDIR /var/lib/keytalk
EXPOSE 8000 8001
# Health and metrics live on the internal port, which is never published.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['KEYTALK_INTERNAL_PORT'] + '/health/ready', timeout=4)"]
ENTRYPOINT ["keytalk"]
CMD ["--help"]
