package collectortest

import (
	"strings"
	"testing"

	"registry_exporter/collector"
	"registry_exporter/collector/testserver"
)

// RunProbe starts the clocks of e, and stops them when a probe of the registry hub has run once. The first run begins
// after a second or a tenth of the probe's interval, whichever is less.
func RunProbe(t testing.TB, e *collector.Exporter, collector string) {
	t.Helper()
	e.Start()
	defer e.StopProbes()
	testserver.WaitUntil(t, "the first run ends", func() bool {
		_, page := Ask(t, e.ServeProbe, "/probe?registry=hub&collect[]="+collector)
		return !strings.Contains(page, `reason="pending"`)
	})
}
