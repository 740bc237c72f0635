package harbor

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

// The parts of Harbor that others need: without one of these, answers of the API say nothing of the account.
const (
	database   = "database"
	redis      = "redis"
	jobservice = "jobservice"
	core       = "core"
)

// components are the values of the label component, besides other.
var components = []string{core, database, jobservice, "portal", redis, "registry", "registryctl", "trivy", "chartmuseum", "notary"}

// A health is one answer to /health.
type health struct {
	healthy   bool
	found     []string // components of the answer, in order; unknown ones are one "other"
	unhealthy []string // those of them that are not healthy
}

// healthTime bounds the wait for /health, which a healthy Harbor answers in a tenth of a second.
const healthTime = 10 * time.Second

// askHealth asks without credentials. It waits at most for half of the time that ctx has left: a Harbor whose database or Redis
// hangs answers nothing at all.
func (a *api) askHealth(ctx context.Context) (*health, error) {
	if end, limited := ctx.Deadline(); limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, min(healthTime, time.Until(end)/2))
		defer cancel()
	}
	answer, err := a.Get(ctx, a.Plain, apiPath+"/health", ask.MaxSmallBody)
	if err = answer.OrRefusal(err, http.StatusOK); err != nil {
		return nil, fmt.Errorf("/health: %w", err)
	}
	h, err := parseHealth(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("/health: %w", err)
	}
	return h, nil
}

// parseHealth reads {"status":"healthy","components":[{"name":"core","status":"healthy"},…]}. The reason of an error is
// bad_answer.
func parseHealth(body []byte) (*health, error) {
	var answer struct {
		Status     string
		Components []struct{ Name, Status string }
	}
	if err := ask.FromJSON(body, &answer); err != nil {
		return nil, err
	}
	if answer.Status == "" || len(answer.Components) == 0 {
		return nil, source.Failed(source.ReasonBadAnswer, "no status and components: this is no Harbor 2")
	}
	h := &health{healthy: answer.Status == "healthy"}
	for _, c := range answer.Components {
		name := c.Name
		if !slices.Contains(components, name) {
			name = "other"
		}
		if !slices.Contains(h.found, name) {
			h.found = append(h.found, name)
		}
		if c.Status != "healthy" && !slices.Contains(h.unhealthy, name) {
			h.unhealthy = append(h.unhealthy, name)
		}
	}
	return h, nil
}

func (h *health) names(component string) bool { return slices.Contains(h.unhealthy, component) }

func (h *health) samples() []source.Sample {
	samples := []source.Sample{healthy.Sample(source.Bool01(h.healthy))}
	for _, c := range h.found {
		samples = append(samples, componentHealthy.Sample(source.Bool01(!h.names(c)), c))
	}
	return samples
}

// stops is the error when it makes no sense to ask for more, and no password must be sent: without its database Harbor refuses
// each one, and without its Redis each login takes seconds.
func (h *health) stops() error {
	for _, c := range []string{database, redis} {
		if h.names(c) {
			return source.Failed(source.ReasonComponentUnhealthy, "Harbor's /health names its %s: nothing more was asked", c)
		}
	}
	return nil
}

// blame is err with the reason component_unhealthy, when it is one with which Harbor answers for want of a part that /health
// names.
func (h *health) blame(err error) error {
	var guilty []string
	for _, c := range []string{core, database, redis, jobservice} {
		if h.names(c) {
			guilty = append(guilty, c)
		}
	}
	why := source.Reason(err)
	if guilty == nil || !slices.Contains([]string{source.ReasonUnauthorized, source.ReasonServerError, source.ReasonUnavailable, source.ReasonTimeout}, why) {
		return err
	}
	return source.Failed(source.ReasonComponentUnhealthy, "%s, while Harbor's /health names %s", err, strings.Join(guilty, ", "))
}
