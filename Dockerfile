# The default image holds the serving core and the bundles, or those named by MODELS; --target full adds scikit-learn.
# Three are others altogether: --target load, Locust for the component load-test; --target log, the shipper of the prediction
# log; and --target batch, which scores whole files (batch/). The Makefile adds the revision as a label.
# This one line names the base image, so that Dependabot can update it. docs/security.md says how to pin it by digest.
FROM python:3.13-slim AS base

FROM base AS builder
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN ["python3", "-m", "venv", "--without-pip", "/opt/app"]
WORKDIR /build

# Bytecode is compiled here, by content and not by time: the root is read-only later, and the same input makes the same file.
FROM builder AS libraries
COPY locks/serve.txt ./
RUN pip --python /opt/app install --no-compile --require-hashes -r serve.txt \
    && find /opt/app/lib -type d -name tests -prune -exec rm -rf {} + \
    && rm -f /opt/app/lib/python3*/site-packages/simdjson/*.cpp /opt/app/lib/python3*/site-packages/simdjson/*.h \
    && python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/app/lib

FROM builder AS bundles
ARG MODELS
COPY model/bundles bundles
RUN mkdir picked && for name in ${MODELS:-$(ls bundles)}; do mv "bundles/${name}" picked/ || exit 1; done

# What the bundles ask for beside the lock: a layer of its own, which changes only with these files.
FROM bundles AS asked
RUN mkdir /asked && for file in picked/*/requirements.txt; do \
    [ ! -f "${file}" ] || cp "${file}" "/asked/$(basename "$(dirname "${file}")").txt" || exit 1; done

# EXTRAS=boosting adds the boosting libraries; LightGBM finds OpenMP under the name that it has in a system.
FROM builder AS full-libraries
ARG EXTRAS
COPY locks ./locks
COPY --from=asked /asked ./asked
RUN pip --python /opt/app install --no-compile --require-hashes -r locks/full.txt \
    && for extra in ${EXTRAS}; do \
         pip --python /opt/app install --no-compile --no-deps --require-hashes -r "locks/${extra}.txt" || exit 1; done \
    && find asked -name '*.txt' -exec sh -c 'for file; do \
         pip --python /opt/app install --no-compile --no-deps --require-hashes -r "${file}" || exit 1; done' sh {} + \
    && ln -s "$(find /opt/app/lib -path '*scikit_learn.libs/libgomp*')" /opt/app/lib/libgomp.so.1 \
    && find /opt/app/lib -type d -name tests -prune -exec rm -rf {} + \
    && python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/app/lib

FROM builder AS batch-libraries
COPY locks/batch.txt ./
RUN pip --python /opt/app install --no-compile --require-hashes -r batch.txt \
    && find /opt/app/lib -type d -name tests -prune -exec rm -rf {} + \
    && rm -f /opt/app/lib/python3*/site-packages/simdjson/*.cpp /opt/app/lib/python3*/site-packages/simdjson/*.h \
    && python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/app/lib

FROM builder AS load-libraries
COPY locks/load.txt ./
RUN pip --python /opt/app install --no-compile --require-hashes -r load.txt \
    && find /opt/app/lib -type d -name tests -prune -exec rm -rf {} + \
    && python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/app/lib

FROM builder AS log-libraries
COPY locks/log.txt ./
RUN pip --python /opt/app install --no-compile --require-hashes -r log.txt \
    && find /opt/app/lib -type d -name tests -prune -exec rm -rf {} + \
    && rm -rf /opt/app/lib/python*/site-packages/pyarrow/include \
    && python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/app/lib

# An edit of the program repeats its last steps, so these are few. What is not proven here is not shipped.
FROM libraries AS program
WORKDIR /app
COPY --from=bundles /build/picked bundles
COPY api api
COPY model model
RUN rm -rf model/bundles model/packing && python3 -m compileall -q --invalidation-mode unchecked-hash api model \
    && BUNDLES=bundles /opt/app/bin/python -B -m model check

# An estimator of our own, like echo, is unpickled with the module that it was written in.
FROM full-libraries AS full-program
WORKDIR /app
COPY --from=bundles /build/picked bundles
COPY api api
COPY model model
RUN rm -rf model/bundles && python3 -m compileall -q --invalidation-mode unchecked-hash api model \
    && LD_LIBRARY_PATH=/opt/app/lib BUNDLES=bundles /opt/app/bin/python -B -m model check

# The package alone, for images that hold no bundle.
FROM builder AS package
COPY model model
RUN rm -rf model/bundles && python3 -m compileall -q --invalidation-mode unchecked-hash model

# What every image of ours begins with.
FROM base AS begun
ENV PATH=/opt/app/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /app

FROM begun AS load
LABEL org.opencontainers.image.title="score-app-load" \
      org.opencontainers.image.description="Locust, asking score-app" \
      org.opencontainers.image.licenses="MIT"
ENV LOCUST_LOCUSTFILE=/app/loadtest/locustfile.py
COPY --from=load-libraries /opt/app /opt/app
COPY loadtest loadtest
EXPOSE 5557 8089
USER 65532:65532
ENTRYPOINT ["python", "-m", "locust"]

FROM begun AS log
LABEL org.opencontainers.image.title="score-app-log" \
      org.opencontainers.image.description="The prediction log of score-app, from segments to Parquet" \
      org.opencontainers.image.licenses="MIT"
COPY --from=log-libraries /opt/app /opt/app
COPY --from=package /build/model model
USER 65532:65532
ENTRYPOINT ["python", "-m", "model.prediction_log"]

# Scores whole files with the bundle that a job mounts; it holds none.
FROM begun AS batch
LABEL org.opencontainers.image.title="score-app-batch" \
      org.opencontainers.image.description="Scores whole files with a scikit-learn model" \
      org.opencontainers.image.licenses="MIT"
ENV BUNDLES=/bundles
COPY --from=batch-libraries /opt/app /opt/app
COPY --from=package /build/model model
USER 65532:65532
ENTRYPOINT ["python", "-m", "model"]

FROM begun AS runtime
LABEL org.opencontainers.image.title="score-app" \
      org.opencontainers.image.description="A scikit-learn model as a service" \
      org.opencontainers.image.licenses="MIT"
ENV HOST=0.0.0.0 BUNDLES=/app/bundles
EXPOSE 5000 9000
USER 65532:65532
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:9000/livez', timeout=2)"]
ENTRYPOINT ["python", "-m", "api"]

FROM runtime AS full
ENV LD_LIBRARY_PATH=/opt/app/lib
COPY --from=full-libraries /opt/app /opt/app
COPY --from=full-program /app /app

FROM runtime AS serve
COPY --from=libraries /opt/app /opt/app
COPY --from=program /app /app
