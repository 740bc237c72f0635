package access_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"registry_exporter/collector"
	"registry_exporter/collector/testserver"
)

// TestPages reads testdata/access/<case>/access.log, and compares the page with <case>.prom there.
func TestPages(t *testing.T) {
	folders, err := filepath.Glob("testdata/access/*/registry.yml")
	if err != nil || len(folders) == 0 {
		t.Fatal("no cases", err)
	}
	for _, registry := range folders {
		folder := filepath.Dir(registry)
		t.Run(filepath.Base(folder), func(t *testing.T) {
			lines, err := os.ReadFile(registry)
			if err != nil {
				t.Fatal(err)
			}
			at := start(t, string(lines))
			text, err := os.ReadFile(filepath.Join(folder, "access.log"))
			if err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			at.append(at.log, string(text))
			at.counts(bytes.Count(text, []byte("\n")))
			names := map[string]string{}
			for _, ending := range []string{"", ".none", ",/dev/null"} {
				names[at.log+ending] = "/var/log/nginx/registry.log" + ending
			}
			at.compare(filepath.Base(folder), names)
		})
	}
}

// freeAddress is one on which nothing listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	own := fmt.Sprintf("127.%d.%d.%d:0", 1+rand.IntN(254), rand.IntN(256), 1+rand.IntN(254)) // other programs take ports of 127.0.0.1
	free, err := net.Listen("tcp", own)
	if err != nil {
		t.Fatal(err)
	}
	defer free.Close()
	return free.Addr().String()
}

// listens waits until the exporter listens for syslog.
func (at *accessTest) listens(address string) {
	at.Helper()
	testserver.WaitUntil(at.T, "the exporter listens for syslog", func() bool {
		tcp, err := net.Dial("tcp", address)
		if err != nil {
			return false
		}
		tcp.Close()
		return strings.Contains(at.page(), "_syslog_dropped_total{") // a page has it once the socket is open
	})
}

func TestPageOfSyslog(t *testing.T) {
	address := freeAddress(t)
	at := start(t, "  access_log: {syslog: {listen: '"+address+"'}}\n")
	at.listens(address)
	for _, network := range []string{"udp", "tcp"} {
		c, err := net.Dial(network, address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := fmt.Fprint(c, "<190>Nov 21 22:18:08 cache-1 nginx: "+logLine); err != nil {
			t.Fatal(err)
		}
	}
	at.counts(2)
	at.compare("syslog", map[string]string{"syslog:" + address: "syslog:127.0.0.1:10514"})
}

func TestPageOfAnAddressThatIsTaken(t *testing.T) {
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	address := other.Addr().String()
	at := start(t, "  access_log: {syslog: {listen: '"+address+"'}}\n")
	testserver.WaitUntil(t, "the exporter listens for syslog over UDP alone", func() bool {
		page := at.page()
		return strings.Contains(page, `reason="not_listening"`) && strings.Contains(page, "registry_access_syslog_dropped_total{")
	})
	at.compare("address_is_taken", map[string]string{"syslog:" + address: "syslog:127.0.0.1:10514"})
}

func TestPageWithoutStart(t *testing.T) {
	at := start(t, "  access_log: {paths: [LOG]}\n")
	e, err := collector.New(at.options())
	if err != nil {
		t.Fatal(err)
	}
	defer e.Stop()
	at.Exporter = e
	at.compare("not_started", map[string]string{at.log: "/var/log/nginx/registry.log"})
}

func TestPageWhenStateCannotBeSaved(t *testing.T) {
	at := startWithState(t, "  access_log: {paths: [LOG]}\n", filepath.Join(t.TempDir(), "state"))
	at.append(at.log, logLine)
	at.counts(1)
	if err := errors.Join(os.RemoveAll(at.stateDir), os.WriteFile(at.stateDir, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	at.append(at.log, logLine)
	at.counts(2)
	at.compare("state_not_saved", map[string]string{at.log: "/var/log/nginx/registry.log"})
}

func TestPageWhenLinesWereLost(t *testing.T) {
	at := startWithState(t, "  access_log: {paths: [LOG]}\n", filepath.Join(t.TempDir(), "state"))
	at.append(at.log, logLine)
	at.counts(1)
	at.StopProbes()
	at.append(at.log, logLine)
	if err := os.Remove(at.log); err != nil {
		t.Fatal(err)
	}
	at.append(at.log, strings.Replace(logLine, "manifests/1", "manifests/2", 1))
	at.start()
	at.counts(2)
	at.compare("lines_lost", map[string]string{at.log: "/var/log/nginx/registry.log"})
}
