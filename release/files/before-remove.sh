#!/bin/sh
# deb: remove, or upgrade VERSION. rpm: 0 before the removal, 1 before an upgrade.
set -e
if [ -d /run/systemd/system ] && { [ "$1" = remove ] || [ "$1" = 0 ]; }; then
	systemctl disable --now registry_exporter.service registry_exporter.socket
fi
