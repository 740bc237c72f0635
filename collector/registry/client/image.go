package client

import (
	"github.com/distribution/reference"
	"github.com/opencontainers/go-digest"
)

// An Image is the name of an image to pull.
type Image struct {
	Name       string        // as it is configured, such as library/base:1.0
	Repository string        // library/base
	Tag        string        // 1.0; the digest, when the name has one
	Digest     digest.Digest // of the manifest; empty when the name has none
}

// ParseImage reads a name such as library/base:1.0 or library/base@sha256:…, without a host. The error names the
// rule that the name breaks. The name must have a repository and a tag or digest; loading a configuration checks that.
func ParseImage(name string) (*Image, error) {
	parsed, err := reference.Parse(name)
	if err != nil {
		return nil, err
	}
	i := &Image{Name: name, Repository: parsed.(reference.Named).Name()}
	if tagged, is := parsed.(reference.Tagged); is {
		i.Tag = tagged.Tag()
	}
	if digested, is := parsed.(reference.Digested); is {
		i.Digest = digested.Digest()
		i.Tag = i.Digest.String()
	}
	return i, nil
}
