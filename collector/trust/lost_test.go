package trust

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"registry_exporter/collector/source"
	"registry_exporter/collector/trust/fakenotary"
)

// lost runs until the reader gives its place up, and returns the result of that run.
func (tt *trustTest) lost(reason string) source.Result {
	tt.Helper()
	var res source.Result
	for range lostAfter - 1 {
		res = tt.run(reason)
		tt.wantLost(res, 0)
	}
	res = tt.run(reason)
	tt.wantLost(res, 1)
	return res
}

// Answers of an MSR, whose database does not know the change any more: made from the source of Notary, not recorded.
func TestAnMSRWhoseDatabaseLostTheChange(t *testing.T) {
	server := fakenotary.Start(t)
	server.SetUUIDs()
	tt := start(t, server, "")
	server.Publish(nginx, "update")
	tt.wantShown(tt.run(""), "1 update")
	server.Forget()
	server.Publish(nginx, "update")
	tt.wantShown(tt.lost(source.ReasonServerError), "1 update")
	server.Publish(nginx, "deletion")
	tt.wantShown(tt.run(""), "1 update, 1 deletion")
}

func TestANotaryOnSQLWhoseDatabaseIsMadeAnew(t *testing.T) {
	server := fakenotary.Start(t)
	tt := start(t, server, "")
	for range 5 {
		server.Publish(nginx, "update")
	}
	tt.wantShown(tt.run(""), "5 update")
	server.Forget()
	server.Publish(nginx, "update")
	tt.run(source.ReasonBadAnswer)
	server.Publish(nginx, "deletion") // after the first of the three runs: it counts
	tt.run(source.ReasonBadAnswer)
	tt.wantLost(tt.run(source.ReasonBadAnswer), 1)
	tt.wantShown(tt.run(""), "5 update, 1 deletion")
}

func TestAFeedThatIsEmptied(t *testing.T) {
	server := fakenotary.Start(t)
	server.Publish(nginx, "update")
	server.Publish(nginx, "update")
	tt := start(t, server, "")
	server.Forget()
	tt.lost(source.ReasonBadAnswer)
	server.Publish(nginx, "update")
	tt.wantShown(tt.run(""), "1 update")
}

// Once MSR's Notary has moved to SQL, it refuses a UUID: 400.
func TestANotaryThatTakesOtherIDs(t *testing.T) {
	server := fakenotary.Start(t)
	server.Publish(nginx, "update")
	tt := start(t, server, "")
	server.Publish(nginx, "update")
	server.Instead = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("change_id") == "-1" {
			return false
		}
		fakenotary.Refuse(w, http.StatusBadRequest)
		return true
	}
	tt.lost(source.ReasonClientError)
}

// A database that restarts answers 500 now and then: nothing is lost, and all is counted.
func TestErrorsNowAndThenAreNoLostChange(t *testing.T) {
	server := fakenotary.Start(t)
	server.SetUUIDs()
	tt := start(t, server, "")
	fails := false
	server.Instead = func(w http.ResponseWriter, r *http.Request) bool {
		if fails && r.URL.Query().Get("change_id") != "-1" {
			fakenotary.Refuse(w, http.StatusInternalServerError)
			return true
		}
		return false
	}
	for range 3 {
		server.Publish(nginx, "update")
		fails = true
		for range lostAfter - 1 {
			tt.run(source.ReasonServerError)
		}
		fails = false
		tt.wantLost(tt.run(""), 0)
	}
	tt.wantShown(tt.run(""), "3 update")
}

func TestCountsOutliveARestart(t *testing.T) {
	server, dir := fakenotary.Start(t), t.TempDir()
	tt := start(t, server, dir)
	server.Publish(nginx, "update")
	tt.run("")
	server.Publish(nginx, "deletion")
	server.Publish(nginx, "update")
	tt = start(t, server, dir)
	res := tt.run("")
	tt.wantShown(res, "2 update, 1 deletion")
	tt.wantLost(res, 0)
	if got := byRepository(res, "update"); got != "library/nginx 2" {
		t.Error(got)
	}
}

func TestAFileThatIsDamaged(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, file string){
		"cut short": func(t *testing.T, file string) { write(t, file, read(t, file)[:50]) },
		"empty":     func(t *testing.T, file string) { write(t, file, "") },
		"noise":     func(t *testing.T, file string) { write(t, file, "\x00\xff\n") },
		"another number": func(t *testing.T, file string) {
			text := []byte(read(t, file))
			text[len(text)-2]++
			write(t, file, string(text))
		},
		"a folder": func(t *testing.T, file string) {
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
			if err := os.Mkdir(file, 0o700); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.Remove(file) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			server, dir := fakenotary.Start(t), t.TempDir()
			tt := start(t, server, dir)
			server.Publish(nginx, "update")
			tt.run("")
			damage(t, onlyFile(t, dir))
			server.Publish(nginx, "update")
			tt.Source = newSource(t, server.Config("trust: {url: ADDRESS}"), dir)
			if name == "a folder" {
				tt.wantShown(tt.run(source.ReasonStateNotSaved), "")
				return
			}
			tt.wantLost(tt.run(""), 1)
			server.Publish(nginx, "update")
			res := tt.run("")
			tt.wantShown(res, "1 update")
			tt.wantLost(res, 1)
		})
	}
}

func TestAFileWhoseContentNobodyWrote(t *testing.T) {
	for name, text := range map[string]string{
		"another version":             `{"version":2,"begun":true}`,
		"not begun":                   `{"version":1}`,
		"a cursor that is a query":    `{"version":1,"begun":true,"cursor":{"id":"1&records=-1"}}`,
		"a cursor before the newest":  `{"version":1,"begun":true,"cursor":{"id":"-1"}}`,
		"a time that is none":         `{"version":1,"begun":true,"cursor":{"id":"5","at":"yesterday"}}`,
		"a negative number":           `{"version":1,"begun":true,"changes":{"update":-1}}`,
		"JSON of something else":      `[]`,
		"more repositories than fit":  `{"version":1,"begun":true,"repositories":[` + commas(`{"repository":"a"}`, maxPlaces+1) + `]}`,
		"more deletions than are fit": `{"version":1,"begun":true,"deletions":[` + commas(`{"repository":"a"}`, maxPlaces+2) + `]}`,
	} {
		t.Run(name, func(t *testing.T) {
			server, dir := fakenotary.Start(t), t.TempDir()
			start(t, server, dir)
			saveText(t, onlyFile(t, dir), text)
			server.Publish(nginx, "update")
			tt := start(t, server, dir)
			res := tt.run("")
			tt.wantLost(res, 1)
			tt.wantShown(res, "")
		})
	}
}

// The folder for state cannot be written: the page shows no new change. Once it can be, the change counts.
func TestCountsThatCannotBeSaved(t *testing.T) {
	server, dir := fakenotary.Start(t), filepath.Join(t.TempDir(), "state")
	tt := start(t, server, dir)
	server.Publish(nginx, "update")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "a file in place of the folder")
	for range 2 {
		res := tt.run(source.ReasonStateNotSaved)
		tt.wantShown(res, "")
		if ok, _ := res.Value(readSuccess); ok != 0 {
			t.Error("it says that all is well")
		}
	}
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	tt.wantShown(tt.run(""), "1 update")
}

// Two registries with one Notary, and two sites, have files of their own.
func TestEachRegistryHasItsFile(t *testing.T) {
	server, dir := fakenotary.Start(t), t.TempDir()
	start(t, server, dir)
	other := &trustTest{T: t, Source: newSource(t, "registries:\n- {name: other, url: https://msr.example.org, trust: {url: "+server.URL+"}}\n", dir)}
	other.run("")
	site := &trustTest{T: t, Source: newSource(t, "registries:\n- {name: hub, site: eqiad, url: https://msr.example.org, trust: {url: "+server.URL+"}}\n", dir)}
	site.run("")
	if files, err := os.ReadDir(dir); err != nil || len(files) != 3 {
		t.Errorf("%d files, want 3 (%v)", len(files), err)
	}
}
