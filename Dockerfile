# dialctl run in a container: slim, as a user without a name, with nothing to write but /tmp.
#
#   docker build -t dialctl .
#   docker run --rm --read-only --tmpfs /tmp -v "$PWD/campaigns:/work:ro" -e CARTESIA_API_KEY -e DIALCTL_STATE dialctl
#
# Pin the base before you rely on it: `docker buildx imagetools inspect python:3.13-slim` prints its digest; write it
# behind the tag in both FROM lines (python:3.13-slim@sha256:...), and let a bot such as Renovate raise it.
FROM python:3.13-slim AS build
COPY pyproject.toml hatch_build.py README.md LICENSE /src/
COPY declarative /src/declarative
COPY schemas /src/schemas
RUN python -m venv /opt/dialctl \
    && /opt/dialctl/bin/pip install --no-cache-dir --disable-pip-version-check '/src[aws,postgres,run]' \
    && /opt/dialctl/bin/python -m compileall -q /opt/dialctl/lib

FROM python:3.13-slim
# git tells the commit of the checkout, so that an old one is not applied (manifests_are_older). Its version is that of the
# base: Debian's mirrors drop the older ones.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends git && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/dialctl /opt/dialctl
ENV PATH=/opt/dialctl/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    GIT_CONFIG_COUNT=1 \
    GIT_CONFIG_KEY_0=safe.directory \
    GIT_CONFIG_VALUE_0=*
USER 10001:10001
WORKDIR /work
EXPOSE 9464
ENTRYPOINT ["dialctl"]
CMD ["run", "--metrics", "0.0.0.0:9464", "--log", "json"]
