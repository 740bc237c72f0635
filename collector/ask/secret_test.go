package ask

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
	"registry_exporter/config"
)

func TestSecretThatIsTheBeginningOfAnother(t *testing.T) {
	hidden := Secrets{newSecret("hunter", ""), newSecret("hunter-of-two", ""), newSecret("hunter-of", "")}.Mask()
	if got := hidden.Hide("a hunter-of-two, a hunter-of, a hunter"); got != "a <secret>, a <secret>, a <secret>" {
		t.Errorf("got %q", got)
	}
}

func TestLastTwoValuesOfASecretAreMasked(t *testing.T) {
	file := testserver.TempFile(t, "password", []byte("password-1"))
	s := newSecret("", file)
	for i := 1; i <= 4; i++ {
		writeFile(t, file, fmt.Sprintf("password-%d\n", i))
		for range 2 {
			if value, err := s.Fetch(t.Context()); err != nil || value != fmt.Sprintf("password-%d", i) {
				t.Fatal(value, err)
			}
		}
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if got := (Secrets{s}).Mask().Hide("password-2 password-3 password-4"); got != "password-2 <secret> <secret>" {
		t.Errorf("got %q", got)
	}
}

func TestReadersOfASecretFileThatHangsShareOneReading(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	if err := syscall.Mkfifo(file, 0o600); err != nil {
		t.Skipf("no named pipe: %s", err)
	}
	s := newSecret("", file)
	hung := s.read()
	for range 2 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		_, err := s.Fetch(ctx)
		cancel()
		if wantReason(t, err, source.ReasonTimeout); !source.IsUnasked(err) {
			t.Errorf("got %v", err)
		}
		if s.read() != hung {
			t.Error("there is a second reading")
		}
	}
	writeFile(t, file, "right-password\n")
	if <-hung.done; hung.text != "right-password" {
		t.Errorf("read %q: %v", hung.text, hung.err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	writeFile(t, file, "another-password")
	if got, err := s.Fetch(t.Context()); got != "another-password" {
		t.Errorf("read %q: %v", got, err)
	}
}

func TestOneSecretHasOneReader(t *testing.T) {
	file := testserver.TempFile(t, "password", []byte("right-password"))
	b := builderOf(t, "http://registry.invalid", `  backends: [http://10.0.0.1, http://10.0.0.2]
  http: {basic_auth: {username: monitor, password_file: `+file+`}}
  msr: {replicas: [http://10.0.0.3, http://10.0.0.4], http: {basic_auth: {username: admin, password: inline-password}}}
`, new(Lockout))
	for _, u := range append([]config.URL{b.URL}, b.Backends...) {
		if _, err := NewAccount(b, b.HTTP, u, "http"); err != nil {
			t.Fatal(err)
		}
	}
	clients := 0
	_, err := b.EachReplica(func(*Client) *source.Source { clients++; return nil })
	if err != nil || clients != 2 {
		t.Fatalf("%d clients of replicas, %v", clients, err)
	}
	if n := len(*b.Secrets); n != 2 {
		t.Errorf("%d readers of two secrets", n)
	}
}

func TestASecretFileThatIsEmptyIsRefused(t *testing.T) {
	for name, text := range map[string]string{"nothing": "", "a line end": "\n"} {
		b := builderOf(t, "http://registry.example.org", "", new(Lockout))
		_, err := b.Secret("", testserver.TempFile(t, "password", []byte(text)), "http")
		if err == nil || !strings.Contains(err.Error(), "password is empty: put the secret into it") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
