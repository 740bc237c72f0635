package main

import (
	"bufio"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestABrokenPartReachesPeopleWithinAMinute: so does its end. Prometheus and Alertmanager are the real programs.
func TestABrokenPartReachesPeopleWithinAMinute(t *testing.T) {
	o := alertingOptions(t)
	d, lines, end := startCommand(t, o)
	defer end()
	awaitReady(t, o.prometheusListen, o.alertmanagerListen) // how long they take to start is not the point
	d.request(t, http.MethodPost, d.fault("swift-down"))
	began := time.Now()
	wantNotice(t, lines, "firing to page: critical RegistryStorageDown: hub at eqiad: the store cannot be reached")
	if took := time.Since(began); took > time.Minute {
		t.Errorf("people hear of it after %s", took)
	}
	d.request(t, http.MethodDelete, d.fault("swift-down"))
	wantNotice(t, lines, "resolved to page: critical RegistryStorageDown: hub at eqiad: the store ") // reached it may be before it is read
}

func awaitReady(t *testing.T, addresses ...string) {
	t.Helper()
	for _, address := range addresses {
		for end := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
			resp, err := http.Get("http://" + address + "/-/ready")
			if err == nil && resp.Body.Close() == nil && resp.StatusCode == http.StatusOK {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("%s does not get ready: %v", address, err)
			}
		}
	}
}

// notice matches the first line of a notification; the group leaves out the time.
var notice = regexp.MustCompile(`^\S+ ((?:firing|resolved) to .*)$`)

// wantNotice reads until the next notification, which must begin with want.
func wantNotice(t *testing.T, lines *bufio.Scanner, want string) {
	t.Helper()
	for lines.Scan() {
		if m := notice.FindStringSubmatch(lines.Text()); m != nil {
			if !strings.HasPrefix(m[1], want) {
				lines.Scan() // the line below has the description
				t.Fatalf("people are told %q, want %q:\n%s", m[1], want, lines.Text())
			}
			return
		}
	}
	t.Fatalf("people are told nothing: %v", lines.Err())
}

func TestATakenPortOfTheAlertingIsToldWithItsFlag(t *testing.T) {
	for option, take := range map[string]func(options) string{
		"--prometheus.listen":   func(o options) string { return o.prometheusListen },
		"--alertmanager.listen": func(o options) string { return o.alertmanagerListen },
	} {
		t.Run(option, func(t *testing.T) {
			o := alertingOptions(t)
			taken, err := listen(take(o), "")
			if err != nil {
				t.Fatal(err)
			}
			defer taken.Close()
			_, err = startAlerting(o, t.TempDir(), io.Discard)
			if err == nil || !strings.Contains(err.Error(), "with "+option+"=") {
				t.Errorf("error %v, want one that names %s", err, option)
			}
		})
	}
}

// alertingOptions returns the options of a demo with alerts. Where Prometheus and Alertmanager are not installed it skips
// the test.
func alertingOptions(t *testing.T) options {
	t.Helper()
	for _, program := range alertingPrograms {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed; on Debian: apt-get install prometheus prometheus-alertmanager", program)
		}
	}
	o := testOptions(t)
	o.alerts = "../alerts"
	return o
}
