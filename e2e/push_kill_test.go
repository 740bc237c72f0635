package e2e

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestPushKilled kills the exporter a hundred times while it pushes, and counts the files in the store of the registry.
// Each kill leaves at most one upload, and nothing else grows.
func TestPushKilled(t *testing.T) {
	if *run != "all" && !slices.Contains(strings.Split(*run, ","), "push-killed") {
		t.Skip("is part of make e2e-all, or make e2e FAULT=push-killed")
	}
	binary, err := exporterBinary()
	must(t, err)
	for _, mode := range []string{"upload", "image"} {
		t.Run(mode, func(t *testing.T) { killPushes(t, binary, mode, 100) })
	}
}

func killPushes(t *testing.T, binary, mode string, kills int) {
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		must(t, os.WriteFile(file, []byte(text), 0o600))
		return file
	}
	ports := make([]int, 2)
	for i := range ports {
		var err error
		ports[i], err = freePort()
		must(t, err)
	}
	registry := &process{name: "registry", dir: dir, port: ports[0], argv: []string{"docker-registry", "serve", write("registry.yml", fmt.Sprintf(
		"version: 0.1\nlog: {level: error}\nstorage:\n  filesystem: {rootdirectory: %s/store}\n  delete: {enabled: true}\nhttp: {addr: %q, secret: e2e}\nhealth: {storagedriver: {enabled: false}}\n",
		dir, address(ports[0])))}}
	must(t, registry.start())
	defer registry.stop()
	state := filepath.Join(dir, "state")
	pusher := func(every string) *process {
		return &process{name: "pusher", dir: dir, port: ports[1], argv: []string{
			binary, "--config.file=" + write(every+".yml", fmt.Sprintf(
				"registries: [{name: hub, url: 'http://%s', push: {repository: monitoring/canary, mode: %s, every: %s}}]\n", address(ports[0]), mode, every)),
			"--web.listen-address=" + address(ports[1]), "--state.dir=" + state,
		}}
	}
	push := func() { // pushes once, to the end
		once := pusher("1h")
		must(t, once.start())
		waitForPush(t, ports[1])
		once.stop()
	}

	push()
	before := storeOf(t, dir)
	if before.uploads != 0 {
		t.Errorf("a push that was stopped leaves %d uploads", before.uploads)
	}
	most, interrupted, often := 0, 0, pusher("200ms")
	for range kills {
		must(t, often.start())
		time.Sleep(rand.N(60 * time.Millisecond)) // the first push begins within 20 ms of the start
		often.signal(syscall.SIGKILL)
		<-often.exited
		if left, err := os.ReadDir(state); err == nil && len(left) > 0 {
			interrupted++
		}
		most = max(most, storeOf(t, dir).uploads)
	}
	push()
	after := storeOf(t, dir)
	fmt.Printf("%d kills of pushes by %s, %d in the middle: %d uploads were left at most, %d at the end; blobs %d to %d, manifests and tags %d to %d, hash states %d to %d\n",
		kills, mode, interrupted, most, after.uploads, before.blobs, after.blobs, before.links, after.links, before.hashStates, after.hashStates)
	if after.uploads > kills || after.blobs != before.blobs || after.links != before.links {
		t.Errorf("the store grows: %+v, before %+v", after, before)
	}
	if left, err := os.ReadDir(state); err != nil && !errors.Is(err, fs.ErrNotExist) || len(left) != 0 {
		t.Errorf("left in the state folder: %v, %v", left, err)
	}
}

func waitForPush(t *testing.T, port int) {
	t.Helper()
	for range 300 {
		time.Sleep(50 * time.Millisecond)
		resp, err := get("http://"+address(port)+"/metrics", nil)
		must(t, err)
		for line := range strings.Lines(string(resp.body)) {
			if strings.HasPrefix(line, "registry_push_success{") && strings.HasSuffix(line, " 1\n") {
				return
			}
		}
	}
	t.Fatal("no push succeeds")
}

// A store has the numbers of files that the registry has on disk. Distribution leaves a hash state of each upload that it
// cancels: it writes this file after it has removed the others, and never removes it.
type store struct{ uploads, hashStates, blobs, links int }

func storeOf(t *testing.T, dir string) (s store) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(dir, "store"), func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // removed since the folder was listed
			return nil
		case err != nil || d.IsDir():
			return err
		case d.Name() == "startedat":
			s.uploads++
		case strings.Contains(path, "/hashstates/"):
			s.hashStates++
		case strings.Contains(path, "/blobs/"):
			s.blobs++
		case d.Name() == "link":
			s.links++
		}
		return nil
	})
	must(t, err)
	return s
}
