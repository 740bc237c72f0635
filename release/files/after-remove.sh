#!/bin/sh
# deb: remove, purge or upgrade VERSION. rpm: 0 after the removal, 1 after an upgrade.
set -e
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
fi
# Removal keeps state and passwords, for the next installation. Purging takes them as well.
if [ "$1" = purge ]; then
	rm -rf /var/lib/private/registry_exporter /var/lib/registry_exporter /etc/registry_exporter
fi
