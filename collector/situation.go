package collector

import (
	"cmp"
	"net"
	"net/http"
	"time"

	"registry_exporter/collector/report"
	"registry_exporter/collector/source"
)

// A Situation is what a runbook says of one registry: what is wrong now, and the words of its commands.
type Situation struct {
	*report.RegistryReport
	Query string            // names the registry in a link, such as "registry=hub&site=eqiad"
	Words map[string]string // value of a word in capitals, such as "FRONT": "registry.example.org"; each is one word for a shell, too
}

// maxSituation is how long a source may take for a runbook: who was just paged reads on after that. The link to / has the rest.
const maxSituation = 2 * time.Second

// Situation reads the sources of a registry for the request of a page, as ServeStatus does. It is nil where name and site name none, or several, and where
// too many scrapes are under way.
func (e *Exporter) Situation(r *http.Request, name, site string) *Situation {
	registries := e.live.Load()
	t, _, err := registries.find(name, site)
	if err != nil {
		return nil
	}
	leave, admitted := e.enter(r)
	if !admitted {
		return nil
	}
	defer leave()
	ctx, cancel := e.untilStop(r.Context())
	defer cancel()
	results := t.read(ctx, maxSituation, 0, everything, func(int, source.Result) {})
	return &Situation{
		RegistryReport: t.reportOrPanic(results, time.Now(), e.opts.Logger),
		Query:          report.Subject{Name: t.name, Site: t.site}.Query(),
		Words:          forShell(words(t, registries, e.opts.ExternalURL), t.secrets.Mask()),
	}
}

// words are those that the configuration knows.
func words(t *target, registries *live, externalURL string) map[string]string {
	front := t.config.URL
	found := map[string]string{
		"EXPORTER": externalURL, "REGISTRY": t.name, "SITE": t.site,
		"FRONT": front.Host, "FRONT_NAME": front.Hostname(), "FRONT:443": net.JoinHostPort(front.Hostname(), cmp.Or(front.Port(), "443")),
	}
	if s := t.config.Swift; s != nil {
		found["CONTAINER"] = s.Container
		if s.Probe != nil {
			found["PROBE_CONTAINER"] = s.Probe.Container
		}
	}
	if h := t.config.HTTP; h != nil {
		found["CA.pem"] = h.TLSConfig.CAFile
	}
	others := 0
	for _, other := range registries.registries {
		if other.name == t.name && other != t {
			others++
			found["OTHER_SITE"], found["OTHER_FRONT"] = other.site, other.config.URL.Host
		}
	}
	if others > 1 { // a person knows which
		delete(found, "OTHER_SITE")
		delete(found, "OTHER_FRONT")
	}
	found["https://FRONT"] = front.Scheme + "://" + front.Host // commands of a registry without TLS
	return found
}

// forShell leaves out a value that is empty, holds a secret, or is not one word for a shell as it stands.
func forShell(words map[string]string, mask source.Mask) map[string]string {
	for word, value := range words {
		if value == "" || source.Quote(value) != value || mask.Hide(value) != value {
			delete(words, word)
		}
	}
	return words
}
