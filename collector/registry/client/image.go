package client

import (
	"github.com/distribution/reference"
	"github.com/opencontainers/go-digest"
)

// An Image is what a pull asks for.
type Image struct {
	Name       string // as it is configured
	Repository string
	Tag        string        // or the digest, when it is configured by that
	Digest     digest.Digest // what the manifest must have, when it is configured by that
}

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
