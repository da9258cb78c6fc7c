# The base is pinned by tag. Whoever publishes the image pins its digest too: python:3.13-slim@sha256:...
FROM python:3.13-slim AS builder
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
RUN python -m venv --without-pip /opt/bylaw
# The dependencies first, by hash: this layer changes only when the lock does.
COPY requirements-server.lock ./
RUN pip --python /opt/bylaw/bin/python install --require-hashes -r requirements-server.lock
COPY . .
# pip writes the bytecode too, so nothing has to be written at run time.
RUN pip wheel --no-deps -w /dist . && pip --python /opt/bylaw/bin/python install --no-deps --no-index /dist/*.whl

FROM python:3.13-slim
LABEL org.opencontainers.image.title="bylaw" \
      org.opencontainers.image.description="Law for a software catalog: policy-as-code governance for Backstage" \
      org.opencontainers.image.source="https://github.com/bylaw/bylaw" \
      org.opencontainers.image.licenses="Apache-2.0"
# `bylaw gate` asks git what a change is; any git of the base's Debian will do.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends git && rm -rf /var/lib/apt/lists/*
COPY --from=builder /opt/bylaw /opt/bylaw
ENV PATH=/opt/bylaw/bin:$PATH PYTHONDONTWRITEBYTECODE=1
# A number, so that Kubernetes' runAsNonRoot can tell. Runs with a read-only root filesystem.
USER 10001:10001
# Mount the checkout here: docker run --read-only -v "$PWD:/work:ro" bylaw check .
# `bylaw serve` is there too, with PostgreSQL, OPA and traces: deploy/helm/bylaw runs it, and Kubernetes asks /healthz.
WORKDIR /work
EXPOSE 8080
ENTRYPOINT ["bylaw"]
CMD ["--help"]
