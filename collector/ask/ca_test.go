package ask

import (
	"crypto/x509"
	"os"
	"strings"
	"testing"

	"registry_exporter/collector/testserver"

	promconfig "github.com/prometheus/common/config"
)

// rootsOf are the CAs that a front with this CA file is verified with, and those that a system such as Swift is.
func rootsOf(t *testing.T, b *Builder) (front, system *x509.CertPool) {
	t.Helper()
	a, err := NewAccount(b, b.HTTP, b.URL, "http")
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewTLSConfig(b.CAs, &b.HTTP.TLSConfig)
	if err != nil {
		t.Fatal(err)
	}
	return a.Transport.TLSClientConfig.RootCAs, c.RootCAs
}

// A bundle that 1,000 registries name is read once.
func TestRegistriesWithTheSameCAFileShareItsCAs(t *testing.T) {
	file := testserver.NewAuthority(t, "CA", nil).File(t)
	more := "  http: {tls_config: {ca_file: " + file + "}}\n"
	one, other := builderOf(t, "https://127.0.0.1:1", more, &Lockout{}), builderOf(t, "https://127.0.0.1:2", more, &Lockout{})
	one.CAs = NewCAs()
	other.CAs = one.CAs
	front, system := rootsOf(t, one)
	frontToo, systemToo := rootsOf(t, other)
	if front != frontToo || system != systemToo {
		t.Error("the second registry has CAs of its own")
	}
	if front == system {
		t.Error("Swift and Redis trust the CAs of the system, too")
	}
}

func TestACAFileThatChangesIsReadAtTheNextLoad(t *testing.T) {
	before, after := testserver.NewAuthority(t, "before", nil), testserver.NewAuthority(t, "after", nil)
	file := before.File(t)
	cfg := &promconfig.TLSConfig{CAFile: file}
	first := NewCAs()
	old, err := first.Read(cfg)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(after.File(t))
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, file, string(text))
	for name, c := range map[string]struct {
		cas  *CAs
		want *testserver.Authority
	}{"the same load": {first, before}, "the next load": {NewCAs(), after}} {
		ca, err := c.cas.Read(cfg)
		if err != nil || !ca.own.Equal(c.want.Pool()) {
			t.Errorf("%s: not the CAs of the file then (%v)", name, err)
		}
	}
	if !old.own.Equal(before.Pool()) {
		t.Error("what the first load has read has changed")
	}
}

func TestCAFilesAndTextsOfTheSameLoadAreKeptApart(t *testing.T) {
	one, other := testserver.NewAuthority(t, "one", nil), testserver.NewAuthority(t, "other", nil)
	text, err := os.ReadFile(other.File(t))
	if err != nil {
		t.Fatal(err)
	}
	cas := NewCAs()
	for name, c := range map[string]struct {
		cfg  promconfig.TLSConfig
		want *x509.CertPool
	}{
		"ca_file":            {promconfig.TLSConfig{CAFile: one.File(t)}, one.Pool()},
		"another ca_file":    {promconfig.TLSConfig{CAFile: other.File(t)}, other.Pool()},
		"ca":                 {promconfig.TLSConfig{CA: string(text)}, other.Pool()},
		"none: the system's": {promconfig.TLSConfig{}, nil},
	} {
		ca, err := cas.Read(&c.cfg)
		if err != nil || !ca.own.Equal(c.want) {
			t.Errorf("%s: other CAs (%v)", name, err)
		}
	}
}

// The error leads to the line of the configuration by the name of the file.
func TestACAFileWithoutCertificatesIsRefusedEachTime(t *testing.T) {
	cas := NewCAs()
	cfg := &promconfig.TLSConfig{CAFile: testserver.TempFile(t, "no-ca.pem", []byte("no certificate"))}
	for range 2 {
		if _, err := cas.Read(cfg); err == nil || !strings.Contains(err.Error(), cfg.CAFile) {
			t.Errorf("error %v", err)
		}
	}
}
