package registry

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/registry/client"
	"registry_exporter/collector/source"

	"github.com/opencontainers/go-digest"
)

// passes lets the registry answer the request, and changes the answer.
func passes(change func(a *httptest.ResponseRecorder)) func(*fakeRegistry, string) {
	return func(r *fakeRegistry, kind string) {
		var fault http.HandlerFunc
		fault = func(w http.ResponseWriter, req *http.Request) {
			recorded := httptest.NewRecorder()
			r.answer(kind, nil)
			r.ServeHTTP(recorded, req)
			r.answer(kind, fault)
			change(recorded)
			for name, values := range recorded.Header() {
				w.Header()[name] = values
			}
			w.WriteHeader(recorded.Code)
			_, _ = w.Write(recorded.Body.Bytes())
		}
		r.answer(kind, fault)
	}
}

func status(code int) func(*fakeRegistry, string) {
	return passes(func(a *httptest.ResponseRecorder) { a.Code = code })
}

func header(name, value string) func(*fakeRegistry, string) {
	return passes(func(a *httptest.ResponseRecorder) { a.Header().Set(name, value) })
}

func says(h http.HandlerFunc) func(*fakeRegistry, string) {
	return func(r *fakeRegistry, kind string) { r.answer(kind, h) }
}

// TestPushFailsWhereClientsDo: one answer of the registry is odd. The push of an image fails at this step, for this
// reason.
func TestPushFailsWhereClientsDo(t *testing.T) {
	html := func(code int) func(*fakeRegistry, string) {
		return says(saysStatus(code, fmt.Sprintf("<html>%d</html>", code)))
	}
	another := digest.FromString("another").String()
	for _, c := range []struct {
		name, kind, step, reason, alert string
		answer                          func(*fakeRegistry, string)
	}{
		{name: "PATCH answered 200", kind: "PATCH upload", answer: status(200)},
		{name: "PATCH answered 204", kind: "PATCH upload", answer: status(204)},
		{name: "manifest answered 202", kind: "PUT manifest", answer: status(202)},
		{name: "the blob is there, says POST", kind: "POST upload", answer: html(201), step: "read_back", reason: source.ReasonWriteLost, alert: "RegistryPushFails"},
		{name: "delete fails", kind: "DELETE manifest", answer: html(500)},
		{name: "a tag rule that says which", kind: "PUT manifest", answer: says(refuseWith(412, "PRECONDITION")), step: "manifest", reason: source.ReasonPolicy, alert: source.CannotLook},

		{name: "commit answered 202", kind: "PUT upload", answer: status(202), step: "blobs", reason: source.ReasonBadAnswer, alert: "RegistryPushFails"},
		{name: "commit of another digest", kind: "PUT upload", answer: header("Docker-Content-Digest", another), step: "blobs", reason: source.ReasonDigestMismatch, alert: "RegistryPushFails"},
		{name: "commit of no digest", kind: "PUT upload", answer: header("Docker-Content-Digest", "sha256-x"), step: "blobs", reason: source.ReasonBadAnswer, alert: "RegistryPushFails"},
		{name: "manifest of another digest", kind: "PUT manifest", answer: header("Docker-Content-Digest", another), step: "manifest", reason: source.ReasonDigestMismatch, alert: "RegistryPushFails"},
		{name: "zot on a full disk", kind: "PUT upload", answer: says(refuseWith(400, "DIGEST_INVALID")), step: "blobs", reason: source.ReasonWriteLost, alert: "RegistryPushFails"},
		{name: "no Location after PATCH", kind: "PATCH upload", answer: header("Location", ""), step: "blobs", reason: source.ReasonBadAnswer, alert: "RegistryPushFails"},
		{name: "a front without PATCH", kind: "PATCH upload", answer: html(405), step: "blobs", reason: source.ReasonClientError, alert: "RegistryPushFails"},
		{name: "a front that forbids PUT", kind: "PUT upload", answer: html(403), step: "blobs", reason: source.ReasonClientError, alert: "RegistryPushFails"},
		{name: "a front that forbids HEAD", kind: "HEAD blob", answer: html(403), step: "blobs", reason: source.ReasonClientError, alert: "RegistryPushFails"},
		{name: "a store that fails at HEAD", kind: "HEAD blob", answer: html(500), step: "blobs", reason: source.ReasonServerError, alert: "RegistryPushFails"},
		{name: "an account without the right to push", kind: "POST upload", answer: says(refuseWith(403, "DENIED")), step: "auth", reason: source.ReasonForbidden, alert: source.CannotLook},
		{name: "an account without the right to tag", kind: "PUT manifest", answer: says(refuseWith(403, "DENIED")), step: "manifest", reason: source.ReasonForbidden, alert: "RegistryPushFails"},
		{name: "a front that limits bodies", kind: "PATCH upload", answer: html(413), step: "blobs", reason: source.ReasonBodyTooLarge, alert: "RegistryPushFails"},

		{name: "HEAD says that all is there", kind: "HEAD blob", answer: html(200), step: "read_back", reason: source.ReasonWriteLost, alert: "RegistryPushFails"},
		{name: "a manifest that is not kept", kind: "PUT manifest", answer: html(201), step: "read_back", reason: source.ReasonWriteLost, alert: "RegistryPushFails"},
		{name: "HEAD of the tag is forbidden", kind: "HEAD manifest", answer: html(403), step: "manifest", reason: source.ReasonClientError, alert: "RegistryPushFails"},
		{name: "HEAD of the tag is no manifest", kind: "HEAD manifest", answer: html(200), step: "read_back", reason: source.ReasonBadAnswer, alert: "RegistryPushFails"},
		{name: "HEAD of the tag is another", kind: "HEAD manifest", answer: header("Docker-Content-Digest", another), step: "read_back", reason: source.ReasonDigestMismatch, alert: "RegistryPushFails"},
		{name: "HEAD of the tag is not offered", kind: "HEAD manifest", answer: html(405)},
		{name: "a manifest of no type", kind: "GET manifest", answer: header("Content-Type", "application/json"), step: "read_back", reason: source.ReasonBadAnswer, alert: "RegistryPushFails"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := startRegistry(t)
			c.answer(r, c.kind)
			e := pusher(t, r, "", pushesImages)
			e.once(t.Context())
			last := e.last(t)
			if got := source.Reason(last.Err); got != c.reason || c.step != "" && !last.FailedAt(c.step) {
				t.Fatalf("it fails with %q, want %q at %s: %v", got, c.reason, c.step, last.Err)
			}
			if c.alert != "" {
				if got := (&push{}).alert(&source.View{}, last); got != c.alert {
					t.Errorf("the alert is %s, want %s", got, c.alert)
				}
			}
		})
	}
}

// An answer to HEAD has no body. The answer to GET says why the registry refuses.
func TestPushAsksWhyHEADIsRefused(t *testing.T) {
	ill := refuseWith(http.StatusServiceUnavailable, "UNAVAILABLE", `"health check failed: please see /debug/health"`)
	for kind, step := range map[string]string{"blob": "blobs", "manifest": "manifest"} {
		e := pusher(t, startFaulty(t, faults{"HEAD " + kind: ill, "GET " + kind: ill}), "", pushesImages)
		e.once(t.Context())
		if last := e.last(t); source.Reason(last.Err) != source.ReasonHealthCheckFailed || !last.FailedAt(step) {
			t.Errorf("HEAD of a %s: %v", kind, last.Err)
		}
	}
}

// A registry refuses to write an immutable tag again that names the same manifest already. Earlier pushes got through, so
// this one has.
func TestPushOfTheSameImageToAnImmutableTag(t *testing.T) {
	r := startFaulty(t, faults{"DELETE manifest": refuseWith(405, "UNSUPPORTED")})
	e := pusher(t, r, "", pushesImages)
	e.once(t.Context())
	r.answer("PUT manifest", refuseWith(412, "PRECONDITION"))
	e.once(t.Context())
	if err := e.last(t).Err; err != nil {
		t.Error(err)
	}
	if note := noteOf(e.last(t), "manifest"); !strings.Contains(note, "status 412 PRECONDITION to PUT") {
		t.Errorf("the note is %q", note)
	}
}

func noteOf(res source.Result, step string) string {
	for _, s := range res.Steps() {
		if s.Name == step {
			return s.Note
		}
	}
	return ""
}

// A request that no client sends, such as the one that cancels an upload, gets a note and cannot fail the push.
func TestPushTellsWhyItCouldNotCleanUp(t *testing.T) {
	for _, c := range []struct{ lines, kind, step, note string }{
		{pushesUploads, "DELETE upload", "cancel", "these credentials lack the right to delete"},
		{pushesImages, "DELETE manifest", "delete", "these credentials lack the right to delete"},
	} {
		e := pusher(t, startFaulty(t, faults{c.kind: refuseWith(403, "DENIED")}), "", c.lines)
		e.once(t.Context())
		if err := e.last(t).Err; err != nil || !strings.Contains(noteOf(e.last(t), c.step), c.note) {
			t.Errorf("%v, and the note of %s is %q", err, c.step, noteOf(e.last(t), c.step))
		}
	}
}

// Clients go on at the Location. So does the probe, and when that fails, its error says so.
func TestPushGoesOnWhereLocationSays(t *testing.T) {
	other := startRegistry(t)
	moved := func(to string) func(*fakeRegistry, string) {
		return passes(func(a *httptest.ResponseRecorder) {
			_, path, _ := strings.Cut(a.Header().Get("Location"), "/v2/")
			a.Header().Set("Location", to+"/v2/"+path)
		})
	}
	for name, c := range map[string]struct{ to, reason string }{
		"a host that takes it not": {other.URL, source.ReasonUploadLost},
		"nothing listens there":    {"http://127.0.0.1:1", source.ReasonRefused},
		"a path":                   {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := startRegistry(t)
			moved(c.to)(r, "POST upload")
			e := pusher(t, r, "", pushesUploads)
			e.once(t.Context())
			err := e.last(t).Err
			if got := source.Reason(err); got != c.reason {
				t.Fatalf("reason %q, want %q: %v", got, c.reason, err)
			}
			if err != nil && !strings.Contains(err.Error(), "another scheme, host or port than the front (X-Forwarded-Proto") {
				t.Errorf("it does not say why: %s", err)
			}
		})
	}
	if other.count("PATCH upload") != 1 {
		t.Error("it did not go on there")
	}
	for _, one := range other.Requests() {
		if one.Header.Get("Authorization") != "" {
			t.Error("credentials went to another host")
		}
	}
}

// A CDN that sends slices answers 206 to a GET without Range. containerd takes it for a blob.
func TestWhatWasPushedMayComeBackWithStatus206(t *testing.T) {
	data := []byte("the bytes")
	blob := canaryBlob{mediaType: "x", data: data, digest: digest.FromBytes(data).String()}
	for served, want := range map[string]string{"the bytes": "", "the": source.ReasonShortRead, "the bites": source.ReasonDigestMismatch} {
		f := startRegistry(t)
		f.answer(blob.digest, respond(http.Header{"Content-Range": {"bytes 0-8/9"}}, http.StatusPartialContent, served))
		b := collectHub(t, "push", f.URL, "  push: {repository: library/base}\n").builder(0)
		a, err := ask.NewAccount(b, b.Push.HTTP, b.URL, "push", "http")
		if err != nil {
			t.Fatal(err)
		}
		s := client.NewSession(a)
		if got := source.Reason(blob.isAt(t.Context(), s, "library/base")); got != want {
			t.Errorf("%q with status 206: reason %q, want %q", served, got, want)
		}
		if _, err := s.Fetch(t.Context(), "library/base", "blobs/"+blob.digest, "x"); err != nil {
			t.Errorf("a small blob with status 206: %v", err)
		}
	}
}

// One instance takes the write, and the other has it a moment later.
func TestPushOfWhatIsThereAMomentLater(t *testing.T) {
	t.Parallel()
	r := startRegistry(t)
	asked := 0
	r.answer("GET manifest", func(w http.ResponseWriter, req *http.Request) {
		if asked++; asked == 1 {
			refuseWith(http.StatusNotFound, "MANIFEST_UNKNOWN")(w, req)
			return
		}
		_, name := kindOf(req)
		r.serveManifest(w, req, name)
	})
	e := pusher(t, r, "", pushesImages)
	e.once(t.Context())
	last := e.last(t)
	if note := noteOf(last, "read_back"); last.Err != nil || !strings.HasPrefix(note, "not there at once, but after ") {
		t.Errorf("%v, and the note is %q", last.Err, note)
	}
}
