package registry

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"registry_exporter/collector/testserver"
)

// stoppedWithin is less time than the process has when it is told to end, and more than a push may still take.
const stoppedWithin = 9 * time.Second

func TestPushThatIsStoppedLeavesNothing(t *testing.T) {
	for _, kind := range []string{"POST upload", "PATCH upload", "PUT upload"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			lines := pushesUploads
			if kind == "PUT upload" {
				lines = pushesImages
			}
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			var stopped time.Time
			r := startRegistry(t)
			r.set(faults{kind: func(w http.ResponseWriter, req *http.Request) {
				r.set(nil)
				stopped = time.Now()
				stop()
				time.Sleep(50 * time.Millisecond) // the answer comes after the exporter was told to stop
				r.ServeHTTP(w, req)
			}})
			if pusher(t, r, "", lines).once(ctx) {
				t.Error("a run that was stopped counts")
			}
			if r.left() != 0 {
				t.Errorf("%d uploads are left", r.left())
			}
			if took := time.Since(stopped); took > stoppedWithin {
				t.Errorf("stopping took %s", took)
			}
		})
	}
}

func TestPushThatHangsIsStoppedInTime(t *testing.T) {
	t.Parallel()
	r := startRegistry(t)
	ctx, stop := context.WithCancel(t.Context())
	var stopped time.Time
	r.set(faults{"DELETE upload": testserver.Hang, "PATCH upload": func(w http.ResponseWriter, req *http.Request) {
		stopped = time.Now()
		stop()
		testserver.Hang(w, req)
	}})
	pusher(t, r, "", pushesUploads).once(ctx)
	if took := time.Since(stopped); took > stoppedWithin {
		t.Errorf("stopping took %s", took)
	}
}

// files returns the names of the files in a folder.
func files(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// kill leaves the upload of a push that was killed while it sent a request of the kind what.
func kill(t *testing.T, r *fakeRegistry, dir, what string) {
	t.Helper()
	r.set(faults{what: func(w http.ResponseWriter, req *http.Request) {
		names := files(t, dir)
		if len(names) != 1 {
			t.Errorf("files are %q", names)
			return
		}
		if info, err := os.Stat(names[0]); err != nil || info.Mode() != 0o600 {
			t.Errorf("mode is %v: %v", info, err)
		}
		r.set(faults{"DELETE upload": saysStatus(http.StatusInternalServerError, "")})
		r.ServeHTTP(w, req)
	}, "DELETE upload": saysStatus(http.StatusInternalServerError, "")})
	pusher(t, r, dir, pushesUploads).once(t.Context())
	r.set(nil)
	if r.left() != 1 || len(files(t, dir)) != 1 {
		t.Fatalf("%d uploads and %d files are left", r.left(), len(files(t, dir)))
	}
}

func TestUploadThatWasLeftIsCancelledByTheNextRun(t *testing.T) {
	for _, what := range []string{"PATCH upload"} {
		t.Run(what, func(t *testing.T) {
			r, dir := startRegistry(t), t.TempDir()
			kill(t, r, dir, what)
			pusher(t, r, dir, pushesUploads).once(t.Context())
			if r.left() != 0 || len(files(t, dir)) != 0 {
				t.Errorf("%d uploads and %d files are left", r.left(), len(files(t, dir)))
			}
		})
	}
}

func TestUploadThatWasLeftElsewhereIsNotOurs(t *testing.T) {
	r, dir := startRegistry(t), t.TempDir()
	kill(t, r, dir, "PATCH upload")
	for name, lines := range map[string]string{
		"another repository": "  push: {repository: monitoring/other}\n",
		"another site":       "  site: eqiad\n" + pushesUploads,
	} {
		pusher(t, r, dir, lines).once(t.Context())
		if r.left() != 1 {
			t.Errorf("%s: %d uploads are left, want 1", name, r.left())
		}
	}
	other := startRegistry(t)
	pusher(t, other, dir, pushesUploads).once(t.Context())
	if n := other.count("DELETE upload"); n != 1 {
		t.Errorf("another address is asked to cancel %d times, want once", n)
	}
}

func TestUploadThatWasLeftIsGone(t *testing.T) {
	r, dir := startRegistry(t), t.TempDir()
	kill(t, r, dir, "PATCH upload")
	r.mu.Lock()
	clear(r.uploads)
	r.mu.Unlock()
	e := pusher(t, r, dir, pushesUploads)
	e.once(t.Context())
	if err := e.last(t).Err; err != nil {
		t.Error(err)
	}
	if n := len(files(t, dir)); n != 0 {
		t.Errorf("%d files are left", n)
	}
}

func TestDamagedStateIsForgotten(t *testing.T) {
	r, dir := startRegistry(t), t.TempDir()
	kill(t, r, dir, "PATCH upload")
	writeFile(t, files(t, dir)[0], "/v2/library/base/manifests/1.0")
	e := pusher(t, r, dir, pushesUploads)
	e.once(t.Context())
	if err := e.last(t).Err; err != nil || len(files(t, dir)) != 0 {
		t.Errorf("%v, and %d files are left", err, len(files(t, dir)))
	}
}

func TestPushWithoutPlaceForItsState(t *testing.T) {
	r, dir := startRegistry(t), filepath.Join(t.TempDir(), "folder")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	e := pusher(t, r, dir, pushesUploads)
	if err := os.Remove(dir); err != nil { // the folder was there when the exporter started
		t.Fatal(err)
	}
	writeFile(t, dir, "")
	e.once(t.Context())
	if err := e.last(t).Err; err != nil || r.left() != 0 {
		t.Errorf("%v, and %d uploads are left", err, r.left())
	}
}
