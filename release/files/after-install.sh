#!/bin/sh
# deb: configure [OLD_VERSION]. rpm: 1 after the first installation, 2 after an upgrade.
set -e
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
	systemctl try-restart registry_exporter.service
fi
if [ "$1" = 1 ] || { [ "$1" = configure ] && [ -z "$2" ]; }; then
	echo "registry-exporter: name your registry in /etc/registry_exporter/registry_exporter.yml, then: systemctl enable --now registry_exporter"
fi
