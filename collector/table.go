package collector

import (
	"registry_exporter/collector/access"
	"registry_exporter/collector/ask"
	"registry_exporter/collector/distribution"
	"registry_exporter/collector/harbor"
	"registry_exporter/collector/msr"
	"registry_exporter/collector/nginx"
	"registry_exporter/collector/redis"
	"registry_exporter/collector/registry"
	"registry_exporter/collector/source"
	"registry_exporter/collector/swift"
	"registry_exporter/collector/trust"
)

// collectorTable has a row for each collector: its name, which is the value of the label "collector", and the function
// that makes its sources of one registry, none if the configuration does not ask for it. Reports list sources in this order.
var collectorTable = []struct {
	name  string
	build func(*ask.Builder) ([]*source.Source, error)
}{
	{"access", access.Sources},
	{"api", registry.APISources},
	{"debug", distribution.DebugSources},
	{"harbor", harbor.Sources},
	{"harbor_jobs", harbor.JobsSources},
	{"health", distribution.Sources},
	{"msr", msr.Sources},
	{"msr_jobs", msr.JobSources},
	{"msr_mirrors", msr.MirrorSources},
	{"msr_repositories", msr.RepositorySources},
	{"nginx", nginx.Sources},
	{"ping", msr.PingSources},
	{"pull", registry.PullSources},
	{"push", registry.PushSources},
	{"redis", redis.Sources},
	{"registry_log", access.RegistryLogSources},
	{"replication", registry.ReplicationSources},
	{"swift", swift.Sources},
	{"swift_count", swift.CountSources},
	{"swift_probe", swift.ProbeSources},
	{"trust", trust.Sources},
}
