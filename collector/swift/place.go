package swift

import (
	"fmt"

	"registry_exporter/collector/source"
)

// place is Swift's proxy, as sentences and commands name it. Its certificate is verified for tls_config.server_name where
// that is set.
func (s *store) place() source.Place {
	p := source.PlaceOf(s.address)
	p.Name = p.Host
	if t := s.cfg.TLSConfig; t != nil {
		p.CAFile = t.CAFile
		if t.ServerName != "" {
			p.Name = t.ServerName
		}
	}
	p.Request = s.command(p.CAFile)
	return p
}

// command is a call of Swift's own client, such as:
//
//	swift -A https://swift.example.org/auth/v1.0 -U docker:registry -K "$(cat /run/secrets/swift)" stat docker_registry
//
// It never holds the key: it names the key_file, or else reads the key from the terminal.
func (s *store) command(caFile string) string {
	c := s.cfg
	key, command := `"$KEY"`, "read -rs KEY; "
	if c.KeyFile != "" {
		key, command = `"$(cat `+source.Quote(c.KeyFile)+`)"`, ""
	}
	if c.AuthVersion == 1 {
		command += fmt.Sprintf("swift -A %s -U %s -K %s", source.Quote(c.AuthURL.String()), source.Quote(c.Username), key)
	} else {
		command += fmt.Sprintf("swift --os-auth-url %s --os-username %s --os-password %s", source.Quote(c.AuthURL.String()), source.Quote(c.Username), key)
		command += option("--os-project-name", c.Tenant) + option("--os-user-domain-name", c.Domain) +
			option("--os-project-domain-name", c.Domain) + option("--os-region-name", c.Region)
	}
	if c.StorageURL.URL != nil {
		command += option("--os-storage-url", c.StorageURL.String())
	}
	return command + option("--os-cacert", caFile) + " stat " + source.Quote(c.Container)
}

// option is " NAME VALUE", and empty without a value.
func option(name, value string) string {
	if value == "" {
		return ""
	}
	return " " + name + " " + source.Quote(value)
}
