# docker build -t simcustomer . && docker run -p 127.0.0.1:8000:8000 -v simcustomer:/data simcustomer

FROM python:3.13-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
RUN python -m venv --without-pip /opt/simcustomer
COPY requirements/runtime.txt requirements/
RUN pip --python /opt/simcustomer install --require-hashes --only-binary :all: -r requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY personas personas
COPY prompts prompts
COPY src src
RUN pip --python /opt/simcustomer install --no-deps --no-build-isolation . \
    # The lock holds the build backend too; the image does not need it.
    && pip --python /opt/simcustomer uninstall --yes hatchling pathspec pluggy tomlkit trove-classifiers \
    && pip --python /opt/simcustomer check

FROM python:3.13-slim
RUN useradd --uid 10001 --home-dir /data --create-home --shell /usr/sbin/nologin simcustomer
COPY --from=build /opt/simcustomer /opt/simcustomer
ENV PATH=/opt/simcustomer/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    SIMCUSTOMER_DATABASE_URL=sqlite+aiosqlite:////data/simcustomer.db
USER simcustomer
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8000, timeout=4); c.request('GET', '/healthz'); raise SystemExit(c.getresponse().status != 200)"]
CMD ["simcustomer", "serve", "--host", "0.0.0.0", "--port", "8000"]
