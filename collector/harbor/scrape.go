package harbor

import (
	"context"
	"errors"
	"sync/atomic"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

// A hub is a Harbor as each scrape asks it.
type hub struct {
	*api
	lockout *ask.Lockout
	hadNone atomic.Bool // /health named the database when it was last asked
}

// Sources makes the source of Harbor's API (harbor), and none for a registry without harbor. An error names the key of the
// configuration that is wrong, such as a ca_file that is missing.
func Sources(b *ask.Builder) ([]*source.Source, error) {
	if b.Harbor == nil {
		return nil, nil
	}
	a, err := ask.Shared(b, newAPI)
	if err != nil {
		return nil, err
	}
	h := &hub{api: a, lockout: b.Lockout}
	return []*source.Source{{
		Address: a.Address,
		Down:    []source.Sample{healthy.Sample(0)},
		Read:    h.read,
		Words:   h.words(),
	}}, nil
}

// read asks /health, and then for the rest, unless /health says that no answer would mean anything. Without credentials it asks
// /health alone.
func (h *hub) read(ctx context.Context) ([]source.Sample, error) {
	found, err := h.askHealth(ctx)
	if err != nil {
		return nil, err
	}
	h.forgive(found)
	samples := found.samples()
	if err := found.stops(); err != nil || !h.HasLogin {
		return samples, err
	}
	var failures []error
	for _, read := range []func(context.Context) ([]source.Sample, error){h.systemInfo, h.pools, h.queues, h.collections, h.targets} {
		more, err := read(ctx)
		samples = append(samples, more...)
		if err == nil {
			continue
		}
		failures = append(failures, found.blame(err))
		if source.Reason(err) == source.ReasonUnauthorized || ctx.Err() != nil { // each further request would fail likewise
			break
		}
	}
	return samples, errors.Join(failures...)
}

// forgive lets refused passwords be sent again once the database is back: without it Harbor refused the right ones, too.
func (h *hub) forgive(found *health) {
	hasNone := found.names(database)
	if h.hadNone.Swap(hasNone) && !hasNone {
		h.lockout.Retry()
	}
}

// systemInfo asks for the version and whether Harbor is read-only.
func (h *hub) systemInfo(ctx context.Context) ([]source.Sample, error) {
	var answer struct {
		Version  string `json:"harbor_version"`
		ReadOnly bool   `json:"read_only"`
	}
	if _, err := h.get(ctx, "/systeminfo", &answer); err != nil {
		return nil, err
	}
	if answer.Version == "" {
		return nil, source.Failed(source.ReasonBadAnswer, "/systeminfo: no harbor_version")
	}
	return []source.Sample{info.Sample(1, answer.Version), readonly.Sample(source.Bool01(answer.ReadOnly))}, nil
}
