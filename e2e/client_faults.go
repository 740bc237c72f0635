package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// clientFaults keep clients from pulling or pushing while /v2/ answers, and most of the programs behind it are well.
//
// Their probes run every 10 s, or every 20 s on Swift. Run as often as the other probes, they keep a machine of two cores
// busy.
var clientFaults = []Fault{
	{ // somebody has set another key in Swift: the registry signs its redirects with the old one
		Name: "swift-temp-url-key-changed", Asks: "x-redirects", Notice: 30 * time.Second, Alerts: []string{"page RegistryPullFails x-redirects"},
		Start: setRedirectContainer("Temp-URL-Key:another"), End: setRedirectContainer("Temp-URL-Key:" + tempURLKey),
		Bad: []string{"pull_success registry-redirects"}, Fails: []string{"pull registry-redirects: store_refused"},
		Values: both(pullFails("registry-redirects", "config", "store_refused"), map[string]float64{`registry_api_up{role="front"}`: 1}),
	},
	{
		Name: "swift-quota-reached", Asks: "x-redirects", Notice: 30 * time.Second, Alerts: []string{"page RegistryPushFails x-redirects"},
		Start: setRedirectContainer("Quota-Bytes:1"), End: setRedirectContainer("Quota-Bytes:"),
		Bad: []string{"push_success registry-redirects"}, Fails: []string{"push registry-redirects: no_space"}, Values: pushFails("registry-redirects", "start", "no_space"),
	},
	{
		Name: "token-signed-by-another-key", Asks: "token", Alerts: []string{"page RegistryLoginFails token"}, Silenced: []string{"RegistryPullFails token"},
		Start: restartWith("registry-token", "/token.crt", "/ca.crt"), End: restartWith("registry-token", "/ca.crt", "/token.crt"),
		Bad:    []string{"api_authorized registry-token", "pull_success registry-token", "push_success registry-token"},
		Fails:  []string{"api registry-token: unauthorized", "pull registry-token: unauthorized", "push registry-token: unauthorized"},
		Values: map[string]float64{`registry_api_token_success{role="front"}`: 1},
	},
	{ // Redis still has the layers: clients do not push them again, and nobody can pull the image
		Name: "garbage-collected-with-a-stale-cache", Asks: "x-collected", Notice: 15 * time.Second, Alerts: []string{"page RegistryPushFails x-collected"},
		Start: inTurn((*Stack).awaitPush, (*Stack).collectGarbage), End: (*Stack).forgetDescriptors,
		Bad: []string{"push_success registry-collected"}, Fails: []string{"push registry-collected: write_lost"}, Values: pushFails("registry-collected", "read_back", "write_lost"),
	},
	{ // clients can still pull images that the cache holds
		Name: "upstream-of-a-cache-stopped", Asks: "x-cache", Notice: 15 * time.Second, Alerts: []string{"page RegistryDown content", "ticket RegistryUpstreamFails x-cache"}, Silenced: []string{"RegistryPullFails content"},
		Start: inTurn((*Stack).fillPullThroughCache, stop("registry-content")), End: start("registry-content"),
		Fails:  []string{"pull registry-cache: upstream_failed"},
		Values: map[string]float64{`registry_pull_upstream_success{role="front"}`: 0, `registry_pull_success{role="front"}`: 1},
	},

	// Two sites, between which skopeo copies the canary. Alerts of both come after half an hour and more: promtool tests them.
	{
		Name: "canary-not-copied-by-skopeo", Asks: "x-copied@eqiad", Start: (*Stack).copyCanary, End: (*Stack).copyCanary,
		AtLeast: map[string]float64{`registry_replication_pending_seconds{to="codfw"}`: 20}, Notice: 60 * time.Second,
	},
	{ // a tool that writes manifests anew: the tag is there, with another digest
		Name: "canary-converted-by-skopeo", Asks: "x-copied@eqiad", Notice: 30 * time.Second,
		Start: inTurn((*Stack).copyCanary, convertCanary), End: (*Stack).copyCanary,
		Fails:  []string{"replication registry-content: digest_mismatch"},
		Values: map[string]float64{`registry_replication_failure{to="codfw",reason="digest_mismatch"}`: 1},
	},

	// The nginx in front of a registry refuses requests of clients.
	frontFault("x-forwarded-proto-missing", "x-without-proto", "front-without-proto", "start", "bad_answer"),
	frontFault("client-max-body-size", "x-limits-bodies", "front-limits-bodies", "blobs", "body_too_large"),
	frontFault("patch-blocked", "x-without-patch", "front-without-patch", "chunk", "client_error"),
	{
		Name: "head-blocked", Asks: "x-without-head", Notice: 15 * time.Second, Alerts: []string{"page RegistryPullFails x-without-head", "page RegistryPushFails x-without-head"},
		Bad:    []string{"pull_success front-without-head", "push_success front-without-head"},
		Fails:  []string{"pull front-without-head: client_error", "push front-without-head: client_error"},
		Values: both(pullFails("front-without-head", "manifest", "client_error"), pushFails("front-without-head", "start", "client_error")),
	},
}

// frontFault is a front through which clients cannot push.
func frontFault(name, registry, front, step, reason string) Fault {
	return Fault{
		Name: name, Asks: registry, Notice: 15 * time.Second, Alerts: []string{"page RegistryPushFails " + registry},
		Bad: []string{"push_success " + front}, Fails: []string{"push " + front + ": " + reason}, Values: pushFails(front, step, reason),
	}
}

// setRedirectContainer sets metadata of the container, with the account that owns it.
func setRedirectContainer(metadata string) func(*Stack) error {
	return func(s *Stack) error { return s.swift("eqiad", "post", "-m", metadata, redirectContainer) }
}

// awaitPush waits until the probe has pushed and pulled the image once.
func (s *Stack) awaitPush() error {
	for range 100 {
		p, err := s.probe("x-collected", scrapeTimeout)
		if err != nil {
			return err
		}
		if success, found := s.value([]*page{p}, "registry_push_success{}"); found && success == 1 {
			return nil
		}
		time.Sleep(300 * time.Millisecond)
	}
	return fmt.Errorf("no push to registry-collected succeeds")
}

// fillPullThroughCache waits until the cache holds the image.
func (s *Stack) fillPullThroughCache() error {
	for range 100 {
		p, err := s.probe("x-cache", scrapeTimeout)
		if err != nil {
			return err
		}
		if upstream, found := s.value([]*page{p}, "registry_pull_upstream_success{}"); found && upstream == 1 && len(s.bad(p)) == 0 {
			return nil
		}
		time.Sleep(300 * time.Millisecond)
	}
	return fmt.Errorf("no pull from registry-cache succeeds")
}

// syncCanary copies the canary from one site to the other, as skopeo does, and as the options say.
func (s *Stack) syncCanary(options ...string) error {
	args := slices.Concat([]string{"--insecure-policy", "sync", "--src-tls-verify=false", "--dest-tls-verify=false"}, options,
		[]string{"--src=docker", "--dest=docker", address(s.port("registry-content")) + "/monitoring/copied", address(s.port("registry-pair-a")) + "/monitoring"})
	if out, err := exec.Command("skopeo", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("skopeo sync: %w\n%s", err, out)
	}
	return nil
}

// convertCanary makes another manifest of the canary while it is copied: that of Docker.
func convertCanary(s *Stack) error { return s.syncCanary("--format=v2s2") }

// copyCanary copies the canary as it is until it has arrived. The next one is pushed up to 10 s later.
func (s *Stack) copyCanary() error {
	var err error
	for range 60 {
		err = s.syncCanary() // fails before the first canary
		p, probed := s.probe("x-copied@eqiad", scrapeTimeout)
		if probed != nil {
			return probed
		}
		pending, found := s.value([]*page{p}, `registry_replication_pending_seconds{to="codfw"}`)
		_, arrived := s.value([]*page{p}, `registry_replication_last_success_timestamp_seconds{to="codfw"}`)
		if err == nil && found && arrived && pending == 0 && len(s.failures(p)) == 0 {
			return nil
		}
		time.Sleep(500 * time.Millisecond)
	}
	return errors.Join(errors.New("the canary does not arrive"), err)
}

// collectGarbage removes the blobs that no manifest names. Between two runs of the probe, which deletes the manifest that
// it has pushed, these are all blobs of its image. docker-registry does not remove them from Redis.
func (s *Stack) collectGarbage() error {
	for range 50 {
		out, err := exec.Command("docker-registry", "garbage-collect", filepath.Join(s.dir, "registry-collected.yml")).CombinedOutput()
		if err != nil {
			return fmt.Errorf("garbage-collect: %w\n%s", err, out)
		}
		if !bytes.Contains(out, []byte(", 0 blobs and")) {
			return nil
		}
		time.Sleep(200 * time.Millisecond)
	}
	return fmt.Errorf("garbage-collect finds nothing to remove")
}
