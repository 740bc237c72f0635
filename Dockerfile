# The exporter:             docker build --build-arg VERSION=1.0.0 --tag registry_exporter .
# For several processors:   docker buildx build --platform=linux/amd64,linux/arm64 …: Go builds for each, nothing is emulated.
# The demo, to try it with: docker build --target demo --tag registry_exporter_demo .
FROM --platform=$BUILDPLATFORM golang:1.26-bookworm AS build
ARG TARGETOS TARGETARCH TARGETVARIANT
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=unknown
ARG REVISION=unknown
RUN GOOS=$TARGETOS GOARCH=$TARGETARCH GOARM=${TARGETVARIANT#v} make build "VERSION=$VERSION" "REVISION=$REVISION"
RUN mkdir state

FROM build AS build-demo
RUN cd demo && CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH GOARM=${TARGETVARIANT#v} go build -trimpath -ldflags "-s -w" -o bin/ . ./receiver

# A stand-in MSR and a registry that can be broken, with an exporter of their own; and /receiver, which shows alerts.
# It keeps its certificates in /tmp, which an image FROM scratch has not: run it with --tmpfs /tmp.
FROM scratch AS demo
COPY --from=build-demo /src/registry_exporter /src/demo/bin/demo /src/demo/bin/receiver /
COPY --from=build-demo /src/collector/msr/testdata/rethinkdb /rethinkdb
USER 65534:65534
# The exporter, and where faults are switched.
EXPOSE 10500 10501
HEALTHCHECK --interval=15s --timeout=5s --start-period=15s CMD ["/registry_exporter", "healthcheck"]
ENTRYPOINT ["/demo", "--exporter=/registry_exporter", "--fixtures=/rethinkdb", "--exporter.listen=0.0.0.0:10500", "--listen=0.0.0.0:10501"]

FROM scratch
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title=registry_exporter org.opencontainers.image.version=$VERSION org.opencontainers.image.revision=$REVISION org.opencontainers.image.description="Prometheus exporter for private container registries"
# Public CAs; one of your own is named by ca_file in the configuration.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /src/registry_exporter /
# An empty folder that the user may write to: a volume takes over whose it is.
COPY --from=build --chown=65534:65534 /src/state /var/lib/registry_exporter
USER 65534:65534
EXPOSE 10500
ENV REGISTRY_EXPORTER_CONFIG_FILE=/etc/registry_exporter/registry_exporter.yml
ENV REGISTRY_EXPORTER_STATE_DIR=/var/lib/registry_exporter
VOLUME /var/lib/registry_exporter
# It has the environment of the container, not its arguments: set another address by REGISTRY_EXPORTER_WEB_LISTEN_ADDRESS.
HEALTHCHECK --interval=15s --timeout=5s --start-period=5s CMD ["/registry_exporter", "healthcheck"]
ENTRYPOINT ["/registry_exporter"]
