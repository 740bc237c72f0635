package golden

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// A recorder is a test that keeps why it failed.
type recorder struct {
	testing.TB
	failed string
}

func (r *recorder) Helper() {}

func (r *recorder) Fatalf(format string, args ...any) {
	r.failed = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// updating runs compare with -update, and returns why it failed.
func updating(t *testing.T, compare func(testing.TB)) string {
	t.Helper()
	if err := flag.Set("update", "true"); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = flag.Set("update", "false") }()
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		compare(r)
	}()
	<-done
	return r.failed
}

func TestUpdateWritesNoEmptyFile(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "well")
	text, page := folder+".txt", filepath.Join(folder, "well.prom")
	for file, compare := range map[string]func(testing.TB){
		text: func(r testing.TB) { CompareText(r, text, "") },
		page: func(r testing.TB) { ComparePage(r, folder, prometheus.NewRegistry()) },
	} {
		if why := updating(t, compare); !strings.HasPrefix(why, file+" would be empty: nothing is written") {
			t.Errorf("%s: %q", file, why)
		}
		if _, err := os.Stat(file); !os.IsNotExist(err) {
			t.Errorf("%s is there: %v", file, err)
		}
	}
}

func TestUpdateWritesWhatComesOut(t *testing.T) {
	file := filepath.Join(t.TempDir(), "well.txt")
	if why := updating(t, func(r testing.TB) { CompareText(r, file, "all is well\n") }); why != "" {
		t.Error(why)
	}
	CompareText(t, file, "all is well\n")
}
