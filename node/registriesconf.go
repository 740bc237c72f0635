package node

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/BurntSushi/toml"
)

// A registriesFile is registries.conf with registries.conf.d.
type registriesFile struct{ tables []*registryTable }

// A registryTable is what it says of the images that begin with a prefix.
type registryTable struct {
	Prefix     string `toml:"prefix"`
	Location   string `toml:"location"`
	Insecure   bool   `toml:"insecure"`
	Blocked    bool   `toml:"blocked"`
	DigestOnly bool   `toml:"mirror-by-digest-only"`
	Mirrors    []struct {
		Location string `toml:"location"`
		Insecure bool   `toml:"insecure"`
		From     string `toml:"pull-from-mirror"` // all, digest-only or tag-only
	} `toml:"mirror"`
	file string
}

type oldList struct {
	Registries []string `toml:"registries"`
}

// readRegistries reads the files that are there. A table of a later file takes the place of one with the same prefix.
func (m *machine) readRegistries() (f *registriesFile, files []string, err error) {
	f = &registriesFile{}
	first := registriesConf
	if !m.has(first) {
		first = registriesUsr
	}
	for _, file := range append([]string{first}, m.glob(registriesConf+".d/*.conf")...) {
		text, err := m.read(file)
		if err != nil {
			if m.has(file) {
				return nil, files, err
			}
			continue
		}
		files = append(files, file)
		if err := f.add(file, text); err != nil {
			return nil, files, err
		}
	}
	return f, files, nil
}

func (f *registriesFile) add(file string, text []byte) error {
	var content struct {
		Registry []*registryTable `toml:"registry"`
		Old      struct {
			Insecure oldList `toml:"insecure"`
			Block    oldList `toml:"block"`
		} `toml:"registries"`
	}
	if _, err := toml.Decode(string(text), &content); err != nil {
		return fmt.Errorf("%s%s is no valid TOML", file, lineOfTOML(err))
	}
	for _, location := range content.Old.Block.Registries {
		content.Registry = append(content.Registry, &registryTable{Location: location, Blocked: true})
	}
	for _, location := range content.Old.Insecure.Registries {
		content.Registry = append(content.Registry, &registryTable{Location: location, Insecure: true})
	}
	for _, t := range content.Registry {
		if err := t.check(); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		t.file = file
		f.put(t)
	}
	return nil
}

// check completes a table, and refuses what the library refuses.
func (t *registryTable) check() error {
	locations := []*string{&t.Prefix, &t.Location}
	for i := range t.Mirrors {
		locations = append(locations, &t.Mirrors[i].Location)
	}
	for _, location := range locations {
		*location = strings.TrimRight(*location, "/")
		if strings.HasPrefix(*location, "http://") || strings.HasPrefix(*location, "https://") {
			return fmt.Errorf("the location %q begins with a scheme: write it without", *location)
		}
	}
	if t.Prefix == "" {
		t.Prefix = t.Location
	}
	if t.Prefix == "" || t.Location == "" && !strings.HasPrefix(t.Prefix, "*.") {
		return errors.New("a registry has neither location nor prefix")
	}
	return nil
}

func (f *registriesFile) put(t *registryTable) {
	for i, other := range f.tables {
		if other.Prefix == t.Prefix && other.file != t.file {
			f.tables[i] = t
			return
		}
	}
	f.tables = append(f.tables, t)
}

// find is the table with the longest prefix of an image's name; nil when there is none.
func (f *registriesFile) find(address, repository string) *registryTable {
	var best *registryTable
	for _, t := range f.tables {
		if t.matches(address, repository) && (best == nil || len(t.Prefix) > len(best.Prefix)) {
			best = t
		}
	}
	return best
}

// matches says whether an image begins with the prefix. A host without a port has that of the image, too; *.example.org is each host
// below example.org.
func (t *registryTable) matches(address, repository string) bool {
	image := address + "/" + repository
	prefix := t.Prefix
	if rest, wild := strings.CutPrefix(prefix, "*."); wild {
		i := strings.Index(image, "."+rest)
		if i < 0 || strings.Contains(image[:i], "/") {
			return false
		}
		image, prefix = image[i+1:], rest
	}
	after, found := strings.CutPrefix(image, prefix)
	return found && (after == "" || strings.ContainsRune(":/@", rune(after[0])))
}

// crioImage is the table crio.image of crio.conf.
type crioImage struct {
	Insecure []string `toml:"insecure_registries"`
	Policy   string   `toml:"signature_policy"`
	Auth     string   `toml:"global_auth_file"`
}

// readCrio reads crio.conf with crio.conf.d; a later file counts.
func (m *machine) readCrio() (image crioImage, files []string, wrong *fault) {
	for _, file := range append([]string{crioFile}, m.glob(crioFile+".d/*.conf")...) {
		text, err := m.read(file)
		if err != nil {
			continue
		}
		files = append(files, file)
		content := struct {
			Crio struct {
				Image *crioImage `toml:"image"`
			} `toml:"crio"`
		}{}
		content.Crio.Image = &image
		if _, err := toml.Decode(string(text), &content); err != nil {
			return image, files, invalid(fmt.Sprintf("%s%s is no valid TOML: CRI-O does not start with it", file, lineOfTOML(err)), "fix "+file)
		}
	}
	return image, files, nil
}

// matchesInsecure says whether an entry of insecure_registries is the registry, or a network that it is in.
func matchesInsecure(entry, address string) bool {
	if entry == address {
		return true
	}
	network, err := netip.ParsePrefix(entry)
	if err != nil {
		return false
	}
	for _, addr := range addressesOf(hostOf(address), true) {
		if network.Contains(addr) {
			return true
		}
	}
	return false
}
