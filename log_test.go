package main

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-logfmt/logfmt"
)

func TestLinesOfTheLog(t *testing.T) {
	parsers := map[string]func(t *testing.T, line string) map[string][]string{"logfmt": parseLogfmt, "json": parseJSON}
	for format, parse := range parsers {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			config := writeFile(t, "hub.yml", hub(nobody))
			p := start(t, config, "--log.format="+format, "--log.level=debug", "--web.enable-lifecycle", "--web.config.file="+serverFiles(t, ""))
			conn, err := net.Dial("tcp", p.address)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = conn.Write([]byte("no TLS\r\n\r\n"))
			p.waitFor(t, "TLS handshake error")
			conn.Close()
			fetch(t, trusting, http.MethodGet, "https://"+p.address+"/metrics")
			fetch(t, trusting, http.MethodGet, "https://"+p.address+"/probe?registry=hub&debug=true")
			if err := os.WriteFile(config, []byte("registries: ["), 0o600); err != nil {
				t.Fatal(err)
			}
			fetch(t, trusting, http.MethodPost, "https://"+p.address+"/-/reload")
			p.end(t)
			for _, line := range p.lines() {
				checkLine(t, line, parse(t, line))
			}
		})
	}
}

func checkLine(t *testing.T, line string, fields map[string][]string) {
	t.Helper()
	for _, key := range []string{"time", "level", "caller", "msg"} {
		if len(fields[key]) != 1 || fields[key][0] == "" {
			t.Errorf("%s stands %d times in %s", key, len(fields[key]), line)
			return
		}
	}
	if _, err := time.Parse(time.RFC3339Nano, fields["time"][0]); err != nil {
		t.Errorf("%s in %s", err, line)
	}
	if caller := fields["caller"][0]; strings.HasPrefix(caller, "level.go") || strings.HasPrefix(caller, "log.go") {
		t.Errorf("the log is its own caller in %s", line)
	}
}

func parseLogfmt(t *testing.T, line string) map[string][]string {
	fields := map[string][]string{}
	d := logfmt.NewDecoder(strings.NewReader(line))
	for d.ScanRecord() {
		for d.ScanKeyval() {
			fields[string(d.Key())] = append(fields[string(d.Key())], string(d.Value()))
		}
	}
	if d.Err() != nil {
		t.Errorf("%s in %s", d.Err(), line)
	}
	return fields
}

// parseJSON reads the keys one by one: a map would hide a key that stands twice.
func parseJSON(t *testing.T, line string) map[string][]string {
	fields := map[string][]string{}
	d := json.NewDecoder(strings.NewReader(line))
	_, err := d.Token()
	for err == nil && d.More() {
		var key json.Token
		var value any
		if key, err = d.Token(); err == nil {
			err = d.Decode(&value)
		}
		name, _ := key.(string)
		text, _ := value.(string)
		fields[name] = append(fields[name], text)
	}
	if err != nil {
		t.Errorf("%s in %s", err, line)
	}
	return fields
}
