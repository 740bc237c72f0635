package redis

import (
	"testing"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
	"registry_exporter/config"
)

// Redis is one of those that are asked at most 480 at once. Nobody knows how it is when it was not asked.
func TestRedisThatCouldNotBeAsked(t *testing.T) {
	budget := ask.NewBudget()
	file := testserver.TempFile(t, "registry_exporter.yml", []byte("registries: [{name: hub, url: \"http://127.0.0.1:1\", redis: {addr: \"127.0.0.1:1\"}}]"))
	c, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	b := ask.NewBuilder(c, 0, ask.Options{Lockout: &ask.Lockout{}, Budget: budget, Keep: source.NewKeep(nil)})
	sources, err := Sources(b)
	if err != nil {
		t.Fatal(err)
	}
	for range 80 { // all that a registry may have that has others under way
		leave, err := b.Part().Enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer leave()
	}
	sources[0].Timeout = time.Second
	res := sources[0].Get(t.Context(), 500*time.Millisecond)
	if source.Reason(res.Err) != source.ReasonExporterOverloaded || len(res.Samples) != 0 {
		t.Errorf("%v %v", res.Samples, res.Err)
	}
}
