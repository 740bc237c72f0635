package registry

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"registry_exporter/collector/source"
)

func TestPullFromBackends(t *testing.T) {
	front, bad := startRegistry(t), startRegistry(t)
	front.push("1.0", "layer one", "layer two")
	image := bad.push("1.0", "layer one", "layer two")
	bad.lose(image.layers[0])
	e := collectHub(t, "pull", front.URL, "  backends: ["+bad.URL+"]\n  pull: {images: [library/base:1.0], backends: true}\n")
	got := e.run(t)
	got.wantSamples(t, map[string]float64{
		fmt.Sprintf(`registry_pull_success{address="%s",role="front",`, front.Listener.Addr()):     1,
		fmt.Sprintf(`registry_pull_success{address="%s",role="backend",`, bad.Listener.Addr()):     0,
		fmt.Sprintf(`registry_pull_content_bad{address="%s",role="backend",`, bad.Listener.Addr()): 1,
	})
	for _, r := range bad.Requests() {
		if r.Host != front.Listener.Addr().String() {
			t.Errorf("the backend was asked by the name %s", r.Host)
		}
	}
}

func TestPullByDigest(t *testing.T) {
	f := startRegistry(t)
	image := f.push("1.0", "layer one")
	e := f.puller(t, "", "library/base@"+image.manifest.String())
	e.run(t).wantReason(t, "")
	f.manifests[image.manifest.String()] = append(f.manifests[image.manifest.String()], ' ')
	e.run(t).wantReason(t, source.ReasonDigestMismatch)
}

func TestPullOfWhatIsLeftOut(t *testing.T) {
	f := startRegistry(t)
	one := f.blob("layer one")
	config := f.blob("{}")
	layer := descriptorOf("application/vnd.oci.image.layer.v1.tar", one, len("layer one"))
	foreign := `{"mediaType":"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip","digest":"sha256:` + strings.Repeat("0", 64) + `","size":7,"urls":["http://example.org/x"]}`
	f.document("1.0", `{"config":`+descriptorOf("x", config, 2)+`,"layers":[`+strings.Join([]string{layer, layer, foreign}, ",")+`]}`)
	e := f.puller(t, "", "library/base:1.0")
	got := e.run(t)
	got.wantReason(t, "")
	got.wantSamples(t, map[string]float64{"registry_pull_layers{": 1, "registry_pull_layers_verified{": 1})
	var notes []string
	for _, s := range e.last(t).Steps() {
		notes = append(notes, s.Name+": "+s.Note)
	}
	want := "library/base:1.0 auth: without credentials\n" +
		"library/base:1.0 manifest: " + e.last(t).Steps()[1].Note[:71] + ", 3 layers, 27 bytes\n" +
		"library/base:1.0 config: 2 bytes\n" +
		"library/base:1.0 layers: last bytes of 1 layers, 1 read in full, 2 doubled or foreign ones left out"
	if got := strings.Join(notes, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// The page has no step auth when no answer tells whether the login works.
func TestPullSaysNothingOfLoggingInWhenNobodyLooksAtIt(t *testing.T) {
	for name, breakIt := range map[string]func(*fakeRegistry){
		"the registry is gone":     func(f *fakeRegistry) { f.Close() },
		"a proxy without registry": func(f *fakeRegistry) { f.answer("1.0", refuseWith(http.StatusBadGateway, "")) },
		"a health check fails":     func(f *fakeRegistry) { f.answer("1.0", refuseWith(http.StatusServiceUnavailable, "UNAVAILABLE")) },
	} {
		t.Run(name, func(t *testing.T) {
			f := startRegistry(t)
			f.push("1.0", "layer one")
			e := f.puller(t, "", "library/base:1.0")
			breakIt(f)
			got := e.run(t)
			about := fmt.Sprintf(`registry_pull_step_success{address="%s",role="front",image="library/base:1.0",step=`, f.Listener.Addr())
			got.wantNone(t, about+`"auth"`, about+`"config"`, about+`"layers"`)
			got.wantSamples(t, map[string]float64{about + `"manifest"`: 0})
		})
	}
}
