package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// registriesAt is the configuration of n registries that answer at one address.
func registriesAt(url string, n int) string {
	var b strings.Builder
	b.WriteString("registries:\n")
	for i := range n {
		fmt.Fprintf(&b, "- name: r%d\n  url: %s\n", i, url)
	}
	return b.String()
}

// TestOutOfDescriptors: ten registries are well, and slow enough to need more descriptors at once than there are.
func TestOutOfDescriptors(t *testing.T) {
	t.Parallel()
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(300 * time.Millisecond)
		w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
	}))
	defer registry.Close()
	p := startWith(t, func(cmd *exec.Cmd) {
		cmd.Args = append([]string{"sh", "-c", `ulimit -n 14 && exec "$0" "$@"`, cmd.Path}, cmd.Args[1:]...)
		cmd.Path = "/bin/sh"
	}, writeFile(t, "ten.yml", registriesAt(registry.URL, 10)))
	var group sync.WaitGroup
	pages := make([]string, 4)
	for i := range pages {
		group.Go(func() { _, pages[i] = p.get(t, "/metrics") })
	}
	group.Wait()
	all := strings.Join(pages, "")
	if n := strings.Count(all, `reason="exporter_overloaded"`); n == 0 {
		t.Error("there were descriptors enough: the test shows nothing")
	}
	for _, line := range strings.Split(all, "\n") {
		if strings.HasPrefix(line, "registry_api_up{") && strings.HasSuffix(line, " 0") || strings.Contains(line, `reason="other"`) {
			t.Error(line)
		}
	}
	if _, page := p.get(t, "/metrics"); strings.Contains(page, "registry_exporter_overloaded_total 0\n") {
		t.Error("it is not counted")
	}
}
