package ask

import "net/http"

// A headerTransport adds the headers of the configuration to requests. That of prometheus/common reads
// their files itself, so that nobody could remember what to mask.
type headerTransport struct {
	next    http.RoundTripper
	headers []configuredHeader
}

type configuredHeader struct {
	name  string
	value *Secret
}

func (t *headerTransport) add(name string, value *Secret) {
	t.headers = append(t.headers, configuredHeader{name, value})
}

// RoundTrip implements http.RoundTripper.
func (t *headerTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	for _, h := range t.headers {
		value, err := h.value.Fetch(req.Context())
		if err != nil {
			return nil, err
		}
		req.Header.Add(h.name, value)
	}
	return t.next.RoundTrip(req)
}
