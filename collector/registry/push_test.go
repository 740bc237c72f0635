package registry

import (
	"cmp"
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"registry_exporter/collector/collectortest/golden"
	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
)

const (
	pushesUploads = "  push: {repository: monitoring/canary}\n"
	pushesImages  = "  push: {repository: monitoring/canary, mode: image}\n"
	withPassword  = "  http: {basic_auth: {username: mon, password: pppppppp}}\n"
	isPassive     = "  passive: true\n"
)

// TestPushPages pushes once, and compares the page with testdata/push/<case>/<case>.prom.
func TestPushPages(t *testing.T) {
	basic := refuse("Basic", "")
	lacking := func(realm string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			challenge := `Bearer realm="` + realm + `",service="x",scope="repository:monitoring/canary:pull,push"`
			if r.Header.Get("Authorization") != "" {
				challenge += `,error="insufficient_scope"`
			}
			w.Header().Set("WWW-Authenticate", challenge)
			w.WriteHeader(http.StatusUnauthorized)
		}
	}
	tokens := httptest.NewServer(http.HandlerFunc(answerToken))
	t.Cleanup(tokens.Close)
	noTokens := httptest.NewServer(saysStatus(http.StatusInternalServerError, ""))
	t.Cleanup(noTokens.Close)
	readOnly := saysStatus(http.StatusMethodNotAllowed, "Method not allowed\n") // as Distribution says it
	lost := refuseWith(http.StatusNotFound, "BLOB_UPLOAD_INVALID")
	full := refuseWith(http.StatusInternalServerError, "UNKNOWN", `"write /store/data: no space left on device"`)

	for _, c := range []struct {
		name, config string
		faults       faults
		left         int           // uploads that are left under way
		timeout      time.Duration // of the run; 0: as configured
	}{
		{name: "upload", config: pushesUploads},
		{name: "image", config: pushesImages},
		{name: "upload_with_password", config: pushesUploads + withPassword},

		{name: "cancel_is_not_supported", config: pushesUploads, faults: faults{"DELETE upload": saysStatus(http.StatusMethodNotAllowed, "")}, left: 1},
		{name: "cancel_is_not_known", config: pushesUploads, faults: faults{"DELETE upload": saysStatus(http.StatusNotFound, "404 page not found")}, left: 1},
		{name: "cancel_is_forbidden", config: pushesUploads, faults: faults{"DELETE upload": refuseWith(http.StatusForbidden, "DENIED")}, left: 1},
		{name: "cancel_fails", config: pushesUploads, faults: faults{"DELETE upload": saysStatus(http.StatusInternalServerError, "")}, left: 1},
		{name: "delete_is_not_supported", config: pushesImages, faults: faults{"DELETE manifest": refuseWith(http.StatusMethodNotAllowed, "UNSUPPORTED")}},
		{name: "delete_is_forbidden", config: pushesImages, faults: faults{"DELETE manifest": refuseWith(http.StatusForbidden, "DENIED")}},
		{name: "delete_lacks_the_scope", config: pushesImages, faults: faults{"DELETE manifest": lacking(tokens.URL)}},
		{name: "delete_fails", config: pushesImages, faults: faults{"DELETE manifest": saysStatus(http.StatusInternalServerError, "")}},

		{name: "passive_and_read_only", config: pushesUploads + isPassive, faults: faults{"POST upload": readOnly}},
		{name: "passive_and_unsupported", config: pushesImages + isPassive, faults: faults{"POST upload": refuseWith(http.StatusMethodNotAllowed, "UNSUPPORTED")}},
		{name: "passive_and_denied", config: pushesUploads + isPassive, faults: faults{"POST upload": refuseWith(http.StatusForbidden, "DENIED")}},
		{name: "passive_and_without_the_scope", config: pushesUploads + isPassive, faults: faults{"POST upload": lacking(tokens.URL)}},
		{name: "passive_takes_writes", config: pushesUploads + isPassive},
		{name: "passive_and_broken", config: pushesUploads + isPassive, faults: faults{"POST upload": saysStatus(http.StatusInternalServerError, "")}},
		{name: "passive_and_wrong_password", config: pushesUploads + isPassive + withPassword, faults: faults{"POST upload": basic}},
		{name: "passive_and_no_login", config: pushesUploads + isPassive, faults: faults{"POST upload": basic}},

		{name: "wrong_password", config: pushesUploads + withPassword, faults: faults{"POST upload": basic}},
		{name: "image_with_wrong_password", config: pushesImages + withPassword, faults: faults{"POST upload": basic}},
		{name: "without_the_scope", config: pushesUploads + withPassword, faults: faults{"POST upload": lacking(tokens.URL)}},
		{name: "denied", config: pushesUploads, faults: faults{"POST upload": refuseWith(http.StatusForbidden, "DENIED")}},
		{name: "token_server_fails", config: pushesUploads + withPassword, faults: faults{"POST upload": lacking(noTokens.URL)}},

		{name: "read_only", config: pushesUploads, faults: faults{"POST upload": readOnly}},
		{name: "read_only_in_words", config: pushesUploads, faults: faults{"POST upload": saysStatus(http.StatusForbidden,
			`{"errors":[{"code":"DENIED","message":"The system is in read only mode. Any modification is prohibited."}]}`)}},
		{name: "read_only_for_manifests", config: pushesImages, faults: faults{"PUT manifest": refuseWith(http.StatusMethodNotAllowed, "UNSUPPORTED")}},

		{name: "no_space_to_start", config: pushesUploads, faults: faults{"POST upload": refuseWith(http.StatusInternalServerError, "UNKNOWN",
			`{"DriverName":"filesystem","Enclosed":{"Op":"write","Path":"/store/startedat","Err":28}}`)}},
		{name: "no_space_for_the_chunk", config: pushesUploads, faults: faults{"PATCH upload": full}},
		{name: "no_space_for_the_manifest", config: pushesImages, faults: faults{"PUT manifest": full}},
		{name: "quota", config: pushesImages, faults: faults{"PUT upload": saysStatus(http.StatusRequestEntityTooLarge, "")}},
		{name: "insufficient_storage", config: pushesUploads, faults: faults{"PATCH upload": saysStatus(http.StatusInsufficientStorage, "")}},

		{name: "lost_at_the_chunk", config: pushesUploads, faults: faults{"PATCH upload": lost}},
		{name: "lost_at_the_cancel", config: pushesUploads, faults: faults{"DELETE upload": lost}, left: 1},
		{name: "lost_at_the_commit", config: pushesImages, faults: faults{"PUT upload": refuseWith(http.StatusBadRequest, "BLOB_UPLOAD_INVALID")}},
		{name: "lost_without_words", config: pushesUploads, faults: faults{"PATCH upload": saysStatus(http.StatusNotFound, "")}},

		{name: "registry_fails", config: pushesUploads, faults: faults{"POST upload": saysStatus(http.StatusInternalServerError, "")}},
		{name: "health_check_fails", config: pushesUploads, faults: faults{"POST upload": refuseWith(http.StatusServiceUnavailable, "UNAVAILABLE", `"health check failed: please see /debug/health"`)}},
		{name: "no_such_repository", config: pushesUploads, faults: faults{"POST upload": refuseWith(http.StatusNotFound, "NAME_UNKNOWN")}},
		{name: "rate_limited", config: pushesUploads, faults: faults{"POST upload": saysStatus(http.StatusTooManyRequests, "")}},
		{name: "hung", config: pushesUploads, faults: faults{"PATCH upload": testserver.Hang}, timeout: time.Second},
		{name: "a_page_for_an_upload", config: pushesUploads, faults: faults{"POST upload": saysStatus(http.StatusOK, "<html>")}},
		{name: "no_location", config: pushesUploads, faults: faults{"POST upload": saysStatus(http.StatusAccepted, "")}},
		{name: "location_is_no_url", config: pushesUploads, faults: faults{"POST upload": locates("http://[")}},

		{name: "blob_forgotten_at_the_manifest", config: pushesImages, faults: faults{"PUT manifest": refuseWith(http.StatusBadRequest, "MANIFEST_BLOB_UNKNOWN")}},
		{name: "manifest_fails", config: pushesImages, faults: faults{"PUT manifest": saysStatus(http.StatusInternalServerError, "")}},
		{name: "manifest_not_there_after", config: pushesImages, faults: faults{"GET manifest": refuseWith(http.StatusNotFound, "MANIFEST_UNKNOWN")}},
		{name: "another_manifest_after", config: pushesImages, faults: faults{"GET manifest": saysStatus(http.StatusOK, `{"schemaVersion":2}`)}},
		{name: "blob_not_there_after", config: pushesImages, faults: faults{"GET blob": refuseWith(http.StatusNotFound, "BLOB_UNKNOWN")}},
		{name: "blob_empty_after", config: pushesImages, faults: faults{"GET blob": saysStatus(http.StatusOK, "")}},
		{name: "blob_cut_short_after", config: pushesImages, faults: faults{"GET blob": func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "176") }}},
		{name: "blob_changed_after", config: pushesImages, faults: faults{"GET blob": saysStatus(http.StatusOK, strings.Repeat("x", 4096))}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := startFaulty(t, c.faults)
			e := pusher(t, r, "", c.config)
			e.probe().Timeout = cmp.Or(c.timeout, e.probe().Timeout)
			e.once(t.Context())
			golden.ComparePage(t, filepath.Join("testdata", "push", c.name), e.page(t, r.address(), "registry.example.org:80"))
			if r.left() != c.left {
				t.Errorf("%d uploads are left, want %d", r.left(), c.left)
			}
			for _, s := range e.last(t).Steps() {
				if s.Err != nil && strings.Contains(s.Err.Error(), "token-of-") || strings.Contains(s.Note, "token-of-") {
					t.Errorf("%s tells the URL of the upload", s.Name)
				}
			}
		})
	}
}

// A push whose time ends between two steps names the step, as any push that fails does.
func TestPushWhoseTimeEndsBetweenSteps(t *testing.T) {
	ctx := &term{t.Context(), make(chan struct{})}
	r := startRegistry(t)
	r.set(faults{"POST upload": func(w http.ResponseWriter, req *http.Request) {
		r.set(nil)
		close(ctx.over)
		r.ServeHTTP(w, req)
	}})
	found := pusher(t, r, "", pushesUploads).probe().Run(ctx)
	for _, s := range found.Samples {
		if s.Metric == pushFailure && s.Label("step") == "chunk" && s.Label("reason") == source.ReasonTimeout && r.left() == 0 {
			return
		}
	}
	t.Errorf("%d uploads are left, %v", r.left(), found.Err)
}

// A term is a context that ends when a test closes over.
type term struct {
	context.Context
	over chan struct{}
}

func (c *term) Done() <-chan struct{} { return c.over }

func (c *term) Err() error {
	select {
	case <-c.over:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

func locates(location string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", location)
		w.WriteHeader(http.StatusAccepted)
	}
}

// pusher makes a push to r as a new process does. lines are lines of the registry.
func pusher(t *testing.T, r *fakeRegistry, stateDir, lines string) *collected {
	t.Helper()
	return collect(t, "push", stateDir, "registries:\n- name: hub\n  url: "+r.URL+"\n"+lines)
}

// TestPushWithAPasswordThatWasRefused: after a refusal the password is not sent again for a while.
func TestPushWithAPasswordThatWasRefused(t *testing.T) {
	e := pusher(t, startFaulty(t, faults{"POST upload": refuse("Basic", "")}), "", pushesUploads+withPassword)
	for n := range 2 {
		e.once(t.Context())
		steps := e.last(t).Steps()
		if len(steps) != 1 || steps[0].Name != "auth" || source.Reason(steps[0].Err) != source.ReasonUnauthorized {
			t.Errorf("the steps of push %d are %+v, want auth and that we are not let in: %v", n+1, steps, steps[len(steps)-1].Err)
		}
	}
}

func TestPushOfImagesDoesNotGrow(t *testing.T) {
	r := startFaulty(t, faults{"DELETE manifest": saysStatus(http.StatusMethodNotAllowed, "")})
	e := pusher(t, r, "", pushesImages)
	var first []string
	for range 3 {
		e.once(t.Context())
		if now := r.stored(); first == nil {
			first = now
		} else if !slices.Equal(now, first) {
			t.Errorf("stored are %q, at first %q", now, first)
		}
	}
	if len(first) != 4 || !slices.Contains(first, "canary-exporter.example.org") {
		t.Errorf("stored are %q, want 2 blobs and a manifest by digest and by tag", first)
	}
}

// TestPushedImageIsAlwaysTheSame: an exporter of a later version that made other bytes would leave another image in each
// registry.
func TestPushedImageIsAlwaysTheSame(t *testing.T) {
	img := newCanary("exporter.example.org", "canary", 2<<20)
	for name, c := range map[string]struct{ got, want string }{
		"layer":    {img.layer.digest, "sha256:30910de05a7746eb5af3ba0219f4c4a3ff692ad444344c17868cd395766675f8"},
		"config":   {img.config.digest, "sha256:30bf7e1bf7f48f5abd01740eaff093fdb19dde37649746f3f5693b502e723374"},
		"manifest": {img.manifest.digest, "sha256:295ca85e0d6ae8cb72a171f5e6f0f9fe162625b9a990f57a9d5ac87fc8727cc0"},
	} {
		if c.got != c.want {
			t.Errorf("the %s is %s, want %s", name, c.got, c.want)
		}
	}
}

func TestPushedImagesOfTwoExporters(t *testing.T) {
	one, other := newCanary("one", "canary", 0), newCanary("other", "canary", 0)
	if one.manifest.digest == other.manifest.digest {
		t.Error("deleting one by digest deletes that of the other")
	}
	if one.layer.digest != other.layer.digest || one.config.digest != other.config.digest {
		t.Error("their blobs are not the same")
	}
}

func TestTags(t *testing.T) {
	for name, want := range map[string]string{
		"exporter-7d4b9":         "canary-exporter-7d4b9",
		"host_1.example.org":     "canary-host_1.example.org",
		"a host/with:signs":      "canary-a-host-with-signs",
		"größe":                  "canary-gr--e",
		"":                       "canary-",
		strings.Repeat("x", 200): "canary-" + strings.Repeat("x", 121),
	} {
		if got := tagOf("canary", name); got != want {
			t.Errorf("%q for %q, want %q", got, name, want)
		}
	}
}
