package alerts_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"strings"
	"testing"
)

// A mailbox takes the messages of Alertmanager in place of Slack, PagerDuty and a mail server.
type mailbox struct {
	slack     chan slackMessage
	pagerduty chan pagerdutyEvent
	mail      chan mailMessage
	web, smtp string // addresses
}

type slackMessage struct {
	Channel     string
	Attachments []slackAttachment
}

type slackAttachment struct {
	Title     string
	TitleLink string `json:"title_link"`
	Text      string
	Fallback  string
}

type pagerdutyEvent struct {
	RoutingKey  string `json:"routing_key"`
	EventAction string `json:"event_action"`
	ClientURL   string `json:"client_url"`
	Payload     struct {
		Summary, Severity string
		CustomDetails     map[string]string `json:"custom_details"`
	}
}

type mailMessage struct{ Subject, Text string }

func newMailbox(t *testing.T) *mailbox {
	t.Helper()
	const enough = 100
	m := &mailbox{slack: make(chan slackMessage, enough), pagerduty: make(chan pagerdutyEvent, enough), mail: make(chan mailMessage, enough)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /slack", func(_ http.ResponseWriter, r *http.Request) { keep(t, r.Body, m.slack) })
	mux.HandleFunc("POST /pagerduty", func(w http.ResponseWriter, r *http.Request) {
		keep(t, r.Body, m.pagerduty)
		w.WriteHeader(http.StatusAccepted)
	})
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)
	m.web = web.URL
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-done })
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return // closed
			}
			m.takeMail(t, conn)
		}
	}()
	m.smtp = l.Addr().String()
	return m
}

func keep[M any](t *testing.T, body io.Reader, to chan M) {
	var message M
	if err := json.NewDecoder(body).Decode(&message); err != nil {
		t.Errorf("what Alertmanager has sent: %s", err)
	}
	to <- message
}

// takeMail speaks the part of SMTP with which a client sends a message.
func (m *mailbox) takeMail(t *testing.T, conn net.Conn) {
	defer conn.Close()
	say := func(line string) { fmt.Fprintf(conn, "%s\r\n", line) }
	say("220 test")
	r := bufio.NewReader(conn)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		switch verb := strings.ToUpper(strings.Fields(line + " -")[0]); verb {
		case "DATA":
			say("354 go on")
			m.mail <- readMail(t, r)
			say("250 kept")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

// readMail reads a message up to the dot that ends it.
func readMail(t *testing.T, r *bufio.Reader) mailMessage {
	var text strings.Builder
	for {
		line, err := r.ReadString('\n')
		if err != nil || line == ".\r\n" {
			break
		}
		text.WriteString(line)
	}
	message, err := mail.ReadMessage(strings.NewReader(text.String()))
	if err != nil {
		t.Errorf("a mail: %s\n%s", err, text.String())
		return mailMessage{}
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject"))
	if err != nil {
		t.Errorf("the subject of a mail: %s", err)
	}
	return mailMessage{subject, onlyPart(t, message)}
}

// onlyPart returns the plain text of a mail that has no other part.
func onlyPart(t *testing.T, message *mail.Message) string {
	_, params, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil {
		t.Errorf("the type of a mail: %s", err)
	}
	parts := multipart.NewReader(message.Body, params["boundary"])
	part, err := parts.NextPart()
	if err != nil {
		t.Errorf("a mail: %s", err)
		return ""
	}
	if got := part.Header.Get("Content-Type"); got != "text/plain; charset=UTF-8" {
		t.Errorf("a mail is %s", got)
	}
	text, err := io.ReadAll(part) // decodes quoted-printable
	if err != nil {
		t.Errorf("a mail: %s", err)
	}
	if _, err := parts.NextPart(); err != io.EOF {
		t.Errorf("a mail has a second part: %v", err)
	}
	return strings.ReplaceAll(strings.TrimSpace(string(text)), "\r\n", "\n")
}
