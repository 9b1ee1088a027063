# Lockstep's two images, from one file so that the service and the page before it are of one version:
#
#   docker build --target service --tag lockstep:0.1.0 .
#   docker build --target edge --tag lockstep-edge:0.1.0 .
#
# Everything comes from a Debian 12 base, Debian's packages and the Python Package Index; Python
# packages are held to their hashes. BASE may be any image of Debian 12, such as one made with
# debootstrap. No secret goes in: both images get theirs as files when they start.
ARG BASE=debian:12-slim

# --- What both images stand on: Debian's Python 3.11 and the authorities that TLS trusts ----------
FROM ${BASE} AS runtime
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates python3 \
    && rm -rf /var/lib/apt/lists/*

# --- The environment, made apart: pip and what builds packages stay behind -------------------------
FROM runtime AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3-venv \
    && rm -rf /var/lib/apt/lists/*
# Where another authority signs for the package index: mount its certificate and name it here.
ARG PIP_CERT
ARG PIP_DISABLE_PIP_VERSION_CHECK=1
ARG PIP_NO_CACHE_DIR=1
WORKDIR /source
RUN python3 -m venv /opt/lockstep
COPY requirements/run.txt requirements/run.txt
RUN /opt/lockstep/bin/pip install --quiet --require-hashes --only-binary :all: -r requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY store store
COPY realtime realtime
COPY http_api http_api
# The byte code is written now: the image runs without a place to write it.
RUN /opt/lockstep/bin/pip install --quiet --no-deps --no-build-isolation . \
    && /opt/lockstep/bin/pip uninstall --quiet --yes \
        hatchling editables packaging pathspec pluggy trove-classifiers setuptools pip \
    && python3 -m compileall -q -j 0 /opt/lockstep/lib
COPY containers/live.py /opt/lockstep/live.py

# --- The service: replicas, the worker, migrations, the command line -------------------------------
FROM runtime AS service
# A number, so that a machine can tell that it is not root; /run/lockstep is for Unix sockets.
RUN groupadd --gid 10001 lockstep \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/lockstep \
        --shell /usr/sbin/nologin lockstep \
    && install --directory --owner 10001 --group 10001 --mode 0750 /var/lib/lockstep /run/lockstep
COPY --from=build /opt/lockstep /opt/lockstep
ENV PATH=/opt/lockstep/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    LOCKSTEP_DATA_DIR=/var/lib/lockstep \
    LOCKSTEP_HOST=0.0.0.0
WORKDIR /var/lib/lockstep
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
# Whether the process answers. Whether it can serve is another question, which Nginx asks.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
    CMD ["python3", "-I", "/opt/lockstep/live.py"]
ENTRYPOINT ["lockstep"]
CMD ["serve"]

# --- The edge: Nginx with the page's files ----------------------------------------------------------
# Debian's Nginx rather than the official image: it is the build that the tests run, it gets Debian's
# security updates with the rest of the base, and page and template come from the same source as the
# service, so nothing has to be copied between containers at start.
FROM runtime AS edge
RUN apt-get update \
    && apt-get install --yes --no-install-recommends nginx-light \
    && rm -rf /var/lib/apt/lists/* /etc/nginx/sites-enabled \
    && groupadd --gid 10001 lockstep \
    && useradd --uid 10002 --gid 10001 --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin lockstep-edge \
    && install --directory --owner 10001 --group 10001 --mode 0750 /run/lockstep \
    && install --directory --owner 10002 --group 10001 --mode 1777 /run/nginx
COPY http_api/web /opt/lockstep/web
COPY containers/live.py containers/edge.sh /opt/lockstep/
COPY nginx /opt/lockstep/nginx
ENV PYTHONDONTWRITEBYTECODE=1 \
    EDGE_HTTPS_LISTEN=8443 \
    EDGE_HTTP_LISTEN=8080 \
    EDGE_ACCESS_LOG=/dev/stdout \
    EDGE_ERROR_LOG=stderr
WORKDIR /run/nginx
USER 10002:10001
EXPOSE 8080 8443
# QUIT lets requests finish; sockets are cut after 20 s (worker_shutdown_timeout) and resume.
STOPSIGNAL SIGQUIT
HEALTHCHECK --interval=30s --timeout=3s --start-period=10s --retries=3 \
    CMD ["python3", "-I", "/opt/lockstep/live.py", "edge"]
ENTRYPOINT ["/bin/sh", "/opt/lockstep/edge.sh"]
