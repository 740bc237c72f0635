package registry

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"testing"

	"registry_exporter/collector/registry/client"

	"github.com/opencontainers/go-digest"
)

// zeros is a blob of n zero bytes: a reader of them, and a handler that serves ranges of them.
type zeros int64

func (n zeros) reader() io.Reader { return io.LimitReader(zeroReader{}, int64(n)) }

type zeroReader struct{}

func (zeroReader) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func (n zeros) digest() digest.Digest {
	h := sha256.New()
	_, _ = io.Copy(h, n.reader())
	return digest.NewDigest(digest.SHA256, h)
}

// ServeHTTP serves one range, as a store does that keeps nothing in memory.
func (n zeros) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	from, to := int64(0), int64(n)-1
	if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &from, &to); err == nil {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to, n))
	}
	w.Header().Set("Content-Length", strconv.FormatInt(to-from+1, 10))
	if r.Header.Get("Range") != "" {
		w.WriteHeader(http.StatusPartialContent)
	}
	_, _ = io.Copy(w, io.LimitReader(zeroReader{}, to-from+1))
}

// largeImage stores an image with one layer of n bytes.
func (f *fakeRegistry) largeImage(n zeros) {
	config, layer := f.blob("{}"), n.digest()
	f.document("1.0", `{"config":`+descriptorOf("x", config, 2)+`,"layers":[`+descriptorOf("y", layer, int(n))+`]}`)
	f.answer(layer.String(), n.ServeHTTP)
}

// Verifying a large layer takes no more memory than a small one. BenchmarkPullGigabyte prints the memory for 1 GiB.
func TestMemoryOfALargeLayerIsFlat(t *testing.T) {
	f := startRegistry(t)
	f.largeImage(64 << 20)
	for _, limit := range []string{"64MiB", "8MiB"} {
		e := f.puller(t, ", max_bytes: "+limit, "library/base:1.0")
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range 8 {
			e.run(t).wantReason(t, "")
		}
		runtime.ReadMemStats(&after)
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 {
			t.Errorf("max_bytes %s: %d bytes were allocated for a layer of 64 MiB, and the server's part of it", limit, grown)
		}
		if n, _ := e.scrape(t).value(t, "registry_pull_layers_verified{"); n != 1 {
			t.Errorf("max_bytes %s: the layer is not verified", limit)
		}
	}
}

// There may be thousands of pullers, of which few run at a time.
func TestPullersHoldNoBufferBetweenRuns(t *testing.T) {
	b := collectHub(t, "pull", "http://127.0.0.1:1", "  pull: {images: [\"library/base:1.0\"]}\n").builder(0)
	p, err := newPuller(b, b.URL, "front")
	if err != nil {
		t.Fatal(err)
	}
	if p.buffer != nil {
		t.Error("there is one before the first run")
	}
	p.pullAll(t.Context())
	if p.buffer != nil {
		t.Error("there is one after a run")
	}
}

const benchmarked = 8 << 20

// BenchmarkVerify verifies 8 MiB from memory. Compare it with BenchmarkVerifyPlain.
func BenchmarkVerify(b *testing.B) {
	n := zeros(benchmarked)
	d := client.Descriptor{Digest: n.digest(), Size: int64(n)}
	ip := &imagePull{puller: &puller{buffer: make([]byte, 64<<10)}}
	b.SetBytes(benchmarked)
	b.ReportAllocs()
	for b.Loop() {
		r := newVerification(d.Digest)
		resp := &http.Response{Body: io.NopCloser(n.reader())}
		if _, err := ip.copyBytes(b.Context(), r.hash, resp, d.Size); err != nil {
			b.Fatal(err)
		}
		if err := r.checkDigest(d); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerifyPlain is sha256 of the same bytes.
func BenchmarkVerifyPlain(b *testing.B) {
	block := make([]byte, 64<<10)
	b.SetBytes(benchmarked)
	b.ReportAllocs()
	for b.Loop() {
		h := sha256.New()
		for in := zeros(benchmarked).reader(); ; {
			n, err := in.Read(block)
			if err != nil {
				break
			}
			_, _ = h.Write(block[:n])
		}
		h.Sum(nil)
	}
}

// BenchmarkVerifyHTTP is a whole run over loopback, with the work of the server.
func BenchmarkVerifyHTTP(b *testing.B) {
	f := startRegistry(b)
	f.largeImage(benchmarked)
	e := f.puller(b, "", "library/base:1.0")
	b.SetBytes(benchmarked)
	b.ReportAllocs()
	for b.Loop() {
		f.Clear()
		if e.once(b.Context()); e.last(b).Err != nil {
			b.Fatal(e.last(b).Err)
		}
	}
}

// BenchmarkReadHTTP reads the same over loopback, and verifies nothing.
func BenchmarkReadHTTP(b *testing.B) {
	server := httptest.NewServer(zeros(benchmarked))
	defer server.Close()
	buffer := make([]byte, 64<<10)
	b.SetBytes(benchmarked)
	b.ReportAllocs()
	for b.Loop() {
		resp, err := http.Get(server.URL)
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.CopyBuffer(struct{ io.Writer }{io.Discard}, resp.Body, buffer)
		resp.Body.Close()
	}
	http.DefaultClient.CloseIdleConnections()
}

// BenchmarkPullGigabyte verifies a layer of 1 GiB, in one run and in 128.
func BenchmarkPullGigabyte(b *testing.B) {
	f := startRegistry(b)
	f.largeImage(1 << 30)
	for _, limit := range []string{"1GiB", "8MiB"} {
		b.Run(limit, func(b *testing.B) {
			b.SetBytes(1 << 30)
			b.ReportAllocs()
			var most uint64
			for b.Loop() {
				e := f.puller(b, ", max_bytes: "+limit, "library/base:1.0")
				for verified := 0.0; verified == 0; {
					f.Clear()
					verified, _ = e.run(b).value(b, "registry_pull_layers_verified{")
					var now runtime.MemStats
					runtime.ReadMemStats(&now)
					most = max(most, now.HeapInuse)
				}
			}
			b.ReportMetric(float64(most)/(1<<20), "MiB-heap")
		})
	}
}
