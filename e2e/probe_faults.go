package e2e

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// probeTime is how long probes may take to show a fault or its end: a run that began before, the next run, and one more
// that reads again what was bad.
const probeTime = 20 * time.Second

// isProbe says whether a line of Bad or Fails, or a metric without registry_ in front, comes from a probe.
func isProbe(line string) bool {
	return slices.ContainsFunc([]string{"pull", "push", "replication", "swift_probe", "swift_read", "swift_write"}, func(name string) bool {
		return strings.HasPrefix(line, name)
	})
}

// withoutProbes returns what the first page must say, before probes have run again.
func (f Fault) withoutProbes() Fault {
	f.Bad = slices.DeleteFunc(slices.Clone(f.Bad), isProbe)
	f.Fails = slices.DeleteFunc(slices.Clone(f.Fails), isProbe)
	f.Values, f.AtLeast = withoutProbes(f.Values), withoutProbes(f.AtLeast)
	return f
}

func withoutProbes(values map[string]float64) map[string]float64 {
	rest := map[string]float64{}
	for selector, value := range values {
		if !isProbe(strings.TrimPrefix(selector, "registry_")) {
			rest[selector] = value
		}
	}
	return rest
}

// steady returns the lines that do not come and go.
func (f Fault) steady(lines []string) []string {
	return slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return slices.Contains(f.Flaps, line) })
}

// hubFails returns the lines of the probes of hub@eqiad while its store or registry is down: with the reason of the
// front, of the registry behind it, and of Swift.
func hubFails(front, backend, swift string) (fails []string) {
	fails = []string{"pull front-good: " + front, "push front-good: " + front, "pull registry-checked: " + backend}
	if swift != "" {
		fails = append(fails, "swift_probe swift-proxy-eqiad: "+swift)
	}
	return fails
}

// Verdicts of the probes of hub@eqiad.
var (
	hubBad      = []string{"pull_success front-good", "pull_success registry-checked", "push_success front-good"}
	hubSwiftBad = append(slices.Clone(hubBad), "swift_read_success swift-proxy-eqiad", "swift_write_success swift-proxy-eqiad")
)

// hubSilenced has the alerts that Prometheus raises for hub@eqiad besides RegistryStorageDown while Swift is stopped.
var hubSilenced = []string{"RegistryPullFails hub@eqiad", "RegistryDown hub@eqiad", "RegistryHealthCheckFailing hub@eqiad", "RegistryBackendDown hub@eqiad"}

// pullFails and pushFails select the sample that says why a probe fails.
func pullFails(program, step, reason string) map[string]float64 {
	return map[string]float64{`registry_pull_failure{address="` + program + `",step="` + step + `",reason="` + reason + `"}`: 1}
}

func pushFails(program, step, reason string) map[string]float64 {
	return map[string]float64{`registry_push_failure{address="` + program + `",step="` + step + `",reason="` + reason + `"}`: 1}
}

func both(values ...map[string]float64) map[string]float64 {
	all := map[string]float64{}
	for _, v := range values {
		maps.Copy(all, v)
	}
	return all
}

// lastLayer is that of the large image. child and otherChild are the manifests in the index for our platform and for
// another.
var (
	base       = largeImage()
	lastLayer  = base.layers[2]
	child      = multiImage().children[0].manifest
	otherChild = multiImage().children[1].manifest
)

// contentFault is a blob of a registry on disk that is missing or damaged.
func contentFault(name, step, reason string, start func(*Stack) error, blob []byte) Fault {
	return Fault{
		Name: name, Asks: "content", Alerts: []string{"page RegistryContentBad content"}, Start: start, End: mend("content", blob),
		Bad: []string{"pull_success registry-content"}, Fails: []string{"pull registry-content: " + reason}, Values: pullFails("registry-content", step, reason),
	}
}

// confirmed adds that a later run has found the blob bad, too.
func (f Fault) confirmed(reason string) Fault {
	f.Values = both(f.Values, map[string]float64{`registry_pull_content_bad{reason="` + reason + `",confirmed="true"}`: 1})
	f.CI = true
	return f
}

// probeFaults show only when an image is pulled or pushed, or an object read or written.
var probeFaults = []Fault{
	// The store of the registry, about which /v2/ says nothing.
	{
		Name: "object-servers-stopped", Start: stop("swift-object-eqiad"), End: start("swift-object-eqiad"),
		Alerts: []string{"page RegistryStorageDown hub@eqiad"}, Silenced: []string{"RegistryPullFails hub@eqiad", "RegistryBackendDown hub@eqiad"},
		Bad: hubSwiftBad, Fails: hubFails("server_error", "server_error", "unavailable"),
		Values:  both(pullFails("front-good", "manifest", "server_error"), pushFails("front-good", "start", "server_error")),
		Recover: 60 * time.Second,
	},
	{
		Name: "swift-stopped-descriptors-cached", Start: inTurn(warm("front-manifests"), stop("swift-proxy-eqiad")), End: start("swift-proxy-eqiad"),
		Asks: "x-cached-manifests", Alerts: []string{"page RegistryStorageDown hub@eqiad", "page RegistryPullFails x-cached-manifests"}, Silenced: hubSilenced,
		Bad: []string{"pull_success front-manifests"}, Fails: []string{"pull front-manifests: short_read"}, CI: true,
		Values:  both(pullFails("front-manifests", "config", "short_read"), pullFails("front-manifests", "layers", "short_read"), map[string]float64{`registry_api_up{role="front"}`: 1}),
		Recover: 20 * time.Second,
	},
	{
		Name: "swift-stopped-nothing-cached", Start: inTurn(warm("front-manifests"), stop("swift-proxy-eqiad"), (*Stack).forgetDescriptors), End: start("swift-proxy-eqiad"),
		Asks: "x-cached-manifests", Alerts: []string{"page RegistryStorageDown hub@eqiad", "page RegistryPullFails x-cached-manifests"}, Silenced: hubSilenced,
		Bad: []string{"pull_success front-manifests"}, Fails: []string{"pull front-manifests: server_error"},
		Values:  pullFails("front-manifests", "config", "server_error"),
		Recover: 20 * time.Second,
	},
	{
		Name: "swift-lost-a-layer", Start: inTurn(swiftLoses(smallImage().layers[0])), End: swiftFinds(smallImage().layers[0]),
		Alerts: []string{"page RegistryContentBad hub@eqiad"}, Silenced: []string{"RegistryBackendDown hub@eqiad"},
		Bad: hubBad[:2], Fails: []string{"pull front-good: short_read", "pull registry-checked: short_read"},
		Values: pullFails("registry-checked", "layers", "short_read"),
	},

	// Content, on the disk of a registry.
	contentFault("layer-removed", "layers", "missing_blob", inTurn(damage("content", lastLayer, removed), restart("registry-content")), lastLayer),
	contentFault("layer-removed-descriptor-cached", "layers", "short_read", damage("content", lastLayer, removed), lastLayer),
	contentFault("layer-cut-short", "layers", "short_read", damage("content", lastLayer, cutShort), lastLayer),
	contentFault("layer-flipped", "layers", "digest_mismatch", damage("content", lastLayer, flipped), lastLayer).confirmed("digest_mismatch"),
	{ // the registry answers as for a tag that was never pushed
		Name: "manifest-removed", Asks: "content", Alerts: []string{"page RegistryPullFails content"},
		Start: damage("content", base.manifest, removed), End: mend("content", base.manifest),
		Bad: []string{"pull_success registry-content"}, Fails: []string{"pull registry-content: not_found"}, Values: pullFails("registry-content", "manifest", "not_found"),
	},
	contentFault("index-child-removed", "manifest", "missing_blob", damage("content", child, removed), child),
	contentFault("index-child-of-another-platform-removed", "platforms", "missing_blob", damage("content", otherChild, removed), otherChild),

	// Writes.
	{
		Name: "registry-read-only", Asks: "content", Alerts: []string{"ticket RegistryReadOnly content"},
		Start: restartWith("registry-content", "readonly: {enabled: false}", "readonly: {enabled: true}"),
		End:   restartWith("registry-content", "readonly: {enabled: true}", "readonly: {enabled: false}"),
		Bad:   []string{"push_success registry-content"}, Fails: []string{"push registry-content: read_only"}, Values: pushFails("registry-content", "start", "read_only"),
	},
	{
		Name: "store-full", Asks: "content", Alerts: []string{"page RegistryPushFails content"}, Start: (*Stack).fillStore, End: (*Stack).emptyStore,
		Bad: []string{"push_success registry-content"}, Fails: []string{"push registry-content: no_space"}, Values: pushFails("registry-content", "start", "no_space"),
	},
	{
		Name: "passive-site-takes-writes", Asks: "x-takes-writes", Alerts: []string{"ticket RegistryPassiveSiteTakesWrites x-takes-writes"},
		Bad: []string{"push_success registry-content"}, Fails: []string{"push registry-content: write_accepted"}, Values: pushFails("registry-content", "start", "write_accepted"),
	},

	// Logging in.
	{
		Name: "token-server-stopped", Asks: "token", Start: stopServing("token"), End: serveAgain("token"),
		Alerts: []string{"page RegistryLoginFails token"}, Silenced: []string{"RegistryPullFails token"},
		Bad:    []string{"api_authorized registry-token", "pull_success registry-token", "push_success registry-token"},
		Fails:  []string{"api registry-token: refused", "pull registry-token: refused", "push registry-token: refused"},
		Values: both(pullFails("registry-token", "auth", "refused"), pushFails("registry-token", "auth", "refused"), map[string]float64{`registry_api_up{role="front"}`: 1}),
	},
	{
		Name: "token-may-not-pull", Asks: "x-token-guest", Alerts: []string{"ticket RegistryExporterCannotLook x-token-guest"},
		Bad:    []string{"pull_success registry-token", "push_success registry-token"},
		Fails:  []string{"pull registry-token: forbidden", "push registry-token: forbidden"},
		Values: both(pullFails("registry-token", "auth", "forbidden"), map[string]float64{`registry_api_authorized{role="front"}`: 1}),
	},
	{
		Name: "token-may-not-push", Asks: "x-token-reader", Alerts: []string{"ticket RegistryExporterCannotLook x-token-reader"},
		Bad: []string{"push_success registry-token"}, Fails: []string{"push registry-token: forbidden"},
		Values: both(pushFails("registry-token", "auth", "forbidden"), map[string]float64{`registry_pull_success{role="front"}`: 1}),
	},

	// Two backends, and caches.
	{
		Name: "one-backend-lost-a-layer", Asks: "pair", Alerts: []string{"page RegistryContentBad pair"}, Silenced: []string{"RegistryBackendDown pair"}, CI: true,
		Start: inTurn(copyStore("pair", "pair-b"), damage("pair-b", lastLayer, removed), restartWith("registry-pair-b", "store-pair}", "store-pair-b}")),
		End:   inTurn(restartWith("registry-pair-b", "store-pair-b}", "store-pair}"), removeStore("pair-b")),
		Bad:   []string{"pull_success registry-pair-b"}, Fails: []string{"pull registry-pair-b: missing_blob"},
		Flaps:  []string{"pull_success front-pair", "pull front-pair: missing_blob", "push_success front-pair", "push front-pair: upload_lost"},
		Values: both(pullFails("registry-pair-b", "layers", "missing_blob"), map[string]float64{`registry_pull_success{address="registry-pair-a"}`: 1}),
	},
	{
		Name: "backends-with-different-secrets", Asks: "pair", Alerts: []string{"page RegistryPushFails pair"}, CI: true,
		Start: restartWith("registry-pair-b", "the-one-of-all", "another"), End: restartWith("registry-pair-b", "another", "the-one-of-all"),
		Bad: []string{"push_success front-pair"}, Fails: []string{"push front-pair: upload_lost"}, Values: pushFails("front-pair", "chunk", "upload_lost"),
	},
	{
		Name: "cache-serves-a-bad-copy", Asks: "cached", Alerts: []string{"page RegistryContentBad cached"}, CI: true,
		Start: spoilCache(lastLayer), End: (*Stack).emptyCache,
		Bad: []string{"pull_success front-cached"}, Fails: []string{"pull front-cached: digest_mismatch"},
		Values: map[string]float64{
			`registry_pull_failure{role="front",step="layers",reason="digest_mismatch",cache="hit"}`: 1,
			`registry_pull_success{address="registry-pair-a",role="backend"}`:                        1,
		},
	},

	// Two sites.
	{ // the alert comes after hours: promtool tests it
		Name: "container-sync-stopped", Asks: "x-mirror@eqiad",
		Start: inTurn((*Stack).awaitCanary, stop("swift-sync-eqiad")), End: inTurn(start("swift-sync-eqiad"), (*Stack).awaitCanary),
		AtLeast: map[string]float64{`registry_replication_pending_seconds{to="codfw"}`: 20},
		Notice:  60 * time.Second,
	},
}
