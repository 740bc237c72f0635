package distribution

import (
	"bytes"
	"encoding/json"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

// vars are the fields of /debug/vars that are read. The document holds much more: in 2.8 the password of Redis and the headers of
// webhooks, in 3.x the whole configuration.
type vars struct {
	Registry *struct {
		Cache         *json.RawMessage `json:"cache"` // only 2.x has it, and always
		Notifications struct {
			Endpoints []struct {
				Name    string `json:"name"`
				Metrics struct {
					Pending, Failures, Errors float64
				}
			} `json:"endpoints"`
		} `json:"notifications"`
		Proxy *struct {
			Blobs     counted `json:"blobs"`
			Manifests counted `json:"manifests"`
		} `json:"proxy"`
	} `json:"registry"`
}

type counted struct{ Requests, Hits, Misses float64 }

// fromVars reads the answer to /debug/vars. An error has the reason bad_answer, and quotes nothing of it.
func fromVars(body []byte) (said, error) {
	var v vars
	if err := ask.FromJSON(bytes.ToValidUTF8(body, []byte("\uFFFD")), &v); err != nil {
		return said{}, source.Failed(source.ReasonBadAnswer, "something else than variables from /debug/vars: %s", err)
	}
	if v.Registry == nil {
		return said{}, source.Failed(source.ReasonBadAnswer, "/debug/vars has no key registry: it is not that of Distribution")
	}
	var s said
	for _, e := range v.Registry.Notifications.Endpoints {
		s.webhooks = append(s.webhooks, webhook{e.Name, e.Metrics.Pending, e.Metrics.Failures, e.Metrics.Errors})
	}
	switch p := v.Registry.Proxy; {
	case v.Registry.Cache != nil:
		s.version = "2"
	case p != nil:
		s.version = "3"
		s.lookups = []lookup{p.Blobs.of("blob"), p.Manifests.of("manifest")}
	}
	return s.checked("/debug/vars")
}

func (c counted) of(kind string) lookup { return lookup{kind, c.Requests, c.Hits, c.Misses} }
