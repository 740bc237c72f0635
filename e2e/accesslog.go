package e2e

import (
	"fmt"
	"path/filepath"
)

// frontLogFormat is what nginx writes of requests to the front of the hub, and what the exporter is told of it.
const frontLogFormat = `$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_user_agent" $request_time $request_length $upstream_response_time`

// frontLogName is a file beside the configuration of the exporter.
const frontLogName = "hub-access.log"

// The log in front of the cached registry says what came from the cache, and from whom the rest.
const (
	cachedLogFormat = `$remote_addr [$time_local] "$request" $status $body_bytes_sent $request_time $request_length $upstream_addr $upstream_cache_status`
	cachedLogName   = "cached-access.log"
)

func (s *Stack) frontLog() string { return filepath.Join(s.dir, frontLogName) }

// frontLogConf makes nginx write that log, and none for its other ports.
func (s *Stack) frontLogConf() string {
	return fmt.Sprintf("  log_format front '%s';\n  map $server_port $hub { default \"\"; %d 1; }\n  access_log %s front if=$hub;\n",
		frontLogFormat, s.port("front-good"), s.frontLog())
}
