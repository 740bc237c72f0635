package collector

import (
	"github.com/distribution/reference"
	"github.com/opencontainers/go-digest"
)

// An image is what a pull asks for.
type image struct {
	name       string // as it is configured
	repository string
	tag        string        // or the digest, when it is configured by that
	digest     digest.Digest // what the manifest must have, when it is configured by that
}

func parseImage(name string) (*image, error) {
	parsed, err := reference.Parse(name)
	if err != nil {
		return nil, err
	}
	i := &image{name: name, repository: parsed.(reference.Named).Name()}
	if tagged, is := parsed.(reference.Tagged); is {
		i.tag = tagged.Tag()
	}
	if digested, is := parsed.(reference.Digested); is {
		i.digest = digested.Digest()
		i.tag = i.digest.String()
	}
	return i, nil
}
