package alerts_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// replaceOnce fails the test unless each old text is there once.
func replaceOnce(t *testing.T, text string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if strings.Count(text, pairs[i]) != 1 {
			t.Fatalf("%q is there %d times, want once", pairs[i], strings.Count(text, pairs[i]))
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	return text
}

// startAlertmanager runs Alertmanager with the sample, and returns its address. Pages go to all three examples of
// receivers, which are the mailbox. It groups for two seconds at first, and then for one.
func startAlertmanager(t *testing.T, m *mailbox) string {
	t.Helper()
	dir := t.TempDir()
	key := filepath.Join(dir, "pagerduty.key")
	url := filepath.Join(dir, "slack.url")
	text := replaceOnce(t, read(t, alertmanagerFile),
		"receiver: page\n", "routes: [{receiver: pagerduty, continue: true}, {receiver: slack, continue: true}, {receiver: mail}]\n",
		"group_wait: 30s", "group_wait: 2s",
		"group_interval: 1m", "group_interval: 1s",
		"routing_key_file: /etc/alertmanager/pagerduty.key\n", "routing_key_file: "+key+"\n        url: "+m.web+"/pagerduty\n",
		"api_url_file: /etc/alertmanager/slack.url", "api_url_file: "+url,
		"smarthost: mail.example.org:587\n", "smarthost: "+m.smtp+"\n        require_tls: false\n",
	)
	for file, content := range map[string]string{
		key: "a-key", url: m.web + "/slack",
		filepath.Join(dir, "alertmanager.yml"): text, filepath.Join(dir, "registry.tmpl"): read(t, templateFile),
	} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	address := freeAddress(t)
	start(t, "http://"+address+"/-/ready", "prometheus-alertmanager", "--config.file="+filepath.Join(dir, "alertmanager.yml"),
		"--storage.path="+filepath.Join(dir, "data"), "--web.listen-address="+address, "--cluster.listen-address=")
	return "http://" + address
}

func post(t *testing.T, alertmanager string, alerts ...string) {
	t.Helper()
	resp, err := http.Post(alertmanager+"/api/v2/alerts", "application/json", strings.NewReader("["+strings.Join(alerts, ",")+"]"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("Alertmanager says %s", resp.Status)
	}
}

// next returns the next message, which must come within seconds.
func next[M any](t *testing.T, from chan M) (message M) {
	t.Helper()
	select {
	case message = <-from:
	case <-time.After(20 * time.Second):
		t.Fatal("nothing has arrived")
	}
	return message
}

// TestNotifications shows the messages of each receiver: of two faults at once, and of their end.
func TestNotifications(t *testing.T) {
	const (
		both    = "hub at eqiad: the content is bad (and 1 more)"
		runbook = "https://exporter.example.org/runbooks/RegistryContentBad?registry=hub&site=eqiad"
		first   = `{"labels": {"alertname": "RegistryContentBad", "severity": "critical", "registry": "hub", "site": "eqiad"}, "startsAt": "START", "endsAt": "END",
			"annotations": {"summary": "hub at eqiad: the content is bad", "description": "Mend it — now.", "runbook_url": "` + runbook + `", "dashboard": "/d/registry-one"}}`
		second = `{"labels": {"alertname": "RegistryLoginFails", "severity": "critical", "registry": "hub", "site": "eqiad"}, "startsAt": "START", "endsAt": "END",
			"annotations": {"summary": "hub at eqiad: nobody is let in", "description": "Look at the accounts."}}`
	)
	m := newMailbox(t)
	alertmanager := startAlertmanager(t, m)

	begin := time.Now().UTC()
	shown := func(at time.Time) string { return at.Format("2006-01-02 15:04 UTC") }
	firing := "hub at eqiad: the content is bad\nMend it — now.\nSince " + shown(begin) + "\nRunbook: " + runbook +
		"\n\nhub at eqiad: nobody is let in\nLook at the accounts.\nSince " + shown(begin)
	send := func(end time.Time) {
		text := strings.NewReplacer("START", begin.Format(time.RFC3339Nano), "END", end.Format(time.RFC3339Nano))
		post(t, alertmanager, text.Replace(first), text.Replace(second))
	}

	send(begin.Add(time.Hour))
	if got := next(t, m.slack); got.Channel != "#registry" || len(got.Attachments) != 1 ||
		got.Attachments[0] != (slackAttachment{Title: both, TitleLink: runbook, Text: firing, Fallback: both}) {
		t.Errorf("Slack: %+v", got)
	}
	event := next(t, m.pagerduty)
	if p := event.Payload; event.EventAction != "trigger" || event.RoutingKey != "a-key" || event.ClientURL != runbook || p.Summary != both ||
		p.Severity != "critical" || p.CustomDetails["firing"] != firing || p.CustomDetails["resolved"] != "" {
		t.Errorf("PagerDuty: %+v", event)
	}
	if got := next(t, m.mail); got.Subject != both || got.Text != firing {
		t.Errorf("mail: %+v", got)
	}

	end := time.Now().UTC()
	send(end)
	period := "\nFrom " + shown(begin) + " to " + shown(end)
	over := "Resolved: hub at eqiad: the content is bad" + period + "\n\nResolved: hub at eqiad: nobody is let in" + period
	if got := next(t, m.slack); len(got.Attachments) != 1 ||
		got.Attachments[0] != (slackAttachment{Title: "Resolved: " + both, TitleLink: runbook, Text: over, Fallback: "Resolved: " + both}) {
		t.Errorf("Slack, resolved: %+v", got)
	}
	if got := next(t, m.pagerduty); got.EventAction != "resolve" {
		t.Errorf("PagerDuty, resolved: %+v", got)
	}
	if got := next(t, m.mail); got.Subject != "Resolved: "+both || got.Text != over {
		t.Errorf("mail, resolved: %+v", got)
	}
	time.Sleep(2500 * time.Millisecond) // two intervals of the group
	if n := len(m.slack) + len(m.pagerduty) + len(m.mail); n > 0 {
		t.Errorf("%d messages more than one for the beginning and one for the end", n)
	}
}
