package e2e

import (
	"fmt"
	"path/filepath"
)

// frontLogFormat is the log_format of the front of the hub, for nginx and for the exporter.
const frontLogFormat = `$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_user_agent" $request_time $request_length $upstream_response_time`

// frontLogName is the access log of the front of the hub, beside the configuration of the exporter.
const frontLogName = "hub-access.log"

// The access log in front of the cached registry tells which answers came from the cache, and which upstream gave the
// others.
const (
	cachedLogFormat = `$remote_addr [$time_local] "$request" $status $body_bytes_sent $request_time $request_length $upstream_addr $upstream_cache_status`
	cachedLogName   = "cached-access.log"
)

func (s *Stack) frontLog() string { return filepath.Join(s.dir, frontLogName) }

// frontLogConf makes nginx write the access log of the front, and none for its other ports.
func (s *Stack) frontLogConf() string {
	return fmt.Sprintf("  log_format front '%s';\n  map $server_port $hub { default \"\"; %d 1; }\n  access_log %s front if=$hub;\n",
		frontLogFormat, s.port("front-good"), s.frontLog())
}
