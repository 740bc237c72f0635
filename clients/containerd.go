package clients

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/core/remotes"
	"github.com/containerd/containerd/v2/core/remotes/docker"
	"github.com/containerd/containerd/v2/plugins/content/local"
	"github.com/containerd/log"
	"github.com/containerd/platforms"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/sirupsen/logrus"
	"golang.org/x/sync/semaphore"
)

func (s *site) resolver() remotes.Resolver {
	client := &http.Client{Transport: s.transport()}
	authorizer := docker.NewDockerAuthorizer(docker.WithAuthClient(client), docker.WithAuthCreds(func(string) (string, string, error) {
		name, pass := s.user()
		return name, pass, nil
	}))
	return docker.NewResolver(docker.ResolverOptions{Hosts: docker.ConfigureDefaultRegistries(
		docker.WithClient(client), docker.WithAuthorizer(authorizer),
		docker.WithPlainHTTP(func(string) (bool, error) { return !s.https, nil }),
	)})
}

// quiet keeps containerd from logging.
func quiet(ctx context.Context) context.Context {
	l := logrus.New()
	l.SetOutput(io.Discard)
	return log.WithLogger(ctx, logrus.NewEntry(l))
}

// containerdPull pulls as a node of Kubernetes does: it resolves the tag, and fetches everything else by digest.
func containerdPull(ctx context.Context, s *site, name string) result {
	return containerdPullFrom(ctx, s, s.host()+"/"+repository+":"+name, s.resolver())
}

// containerdPullFrom pulls what resolver knows as ref.
func containerdPullFrom(ctx context.Context, s *site, ref string, resolver remotes.Resolver) result {
	ctx = quiet(ctx)
	_, desc, err := resolver.Resolve(ctx, ref)
	if err != nil {
		return s.failed("resolve", stepError{"resolve", err})
	}
	fetcher, err := resolver.Fetcher(ctx, ref)
	if err != nil {
		return s.failed("resolve", err)
	}
	empty, err := os.MkdirTemp(s.dir, "pulled-") // a node that has pulled nothing yet
	if err != nil {
		return s.failed("resolve", err)
	}
	store, err := local.NewStore(empty)
	if err != nil {
		return s.failed("resolve", err)
	}
	node := platforms.Only(must(platforms.Parse(s.nodePlatform())))
	fetch := remotes.FetchHandler(store, fetcher)
	handler := images.Handlers(images.HandlerFunc(func(ctx context.Context, d ocispec.Descriptor) ([]ocispec.Descriptor, error) {
		children, err := fetch(ctx, d)
		if err != nil {
			step := stepOfDescriptor(d)
			if d.Digest == desc.Digest {
				step = "manifest"
			}
			err = stepError{step, err}
		}
		return children, err
	}), images.LimitManifests(images.FilterPlatforms(images.ChildrenHandler(store), node), node, 1))
	if err := images.Dispatch(ctx, handler, semaphore.NewWeighted(1), desc); err != nil {
		return failedAt("manifest", err)
	}
	if _, err := images.Manifest(ctx, store, desc, node); err != nil {
		return failedAt("manifest", err)
	}
	return result{}
}

func stepOfDescriptor(d ocispec.Descriptor) string {
	switch {
	case images.IsManifestType(d.MediaType), images.IsIndexType(d.MediaType), d.MediaType == "":
		return "manifest"
	case images.IsLayerType(d.MediaType):
		return "layer"
	}
	return "config"
}

// containerdPush pushes an image, and pulls it to see that it arrived.
func containerdPush(ctx context.Context, s *site) result {
	r := containerdPushOnly(ctx, s)
	if !r.ok() {
		return r
	}
	return readBack(containerdPull(ctx, s, pushed))
}

func containerdPushOnly(ctx context.Context, s *site) result {
	ctx = quiet(ctx)
	store, err := local.NewStore(filepath.Join(s.dir, "local"))
	if err != nil {
		return s.failed("start", err)
	}
	i := s.newPushed()
	manifest := ociDescriptor(i.mediaType, i.manifest)
	parts := []ocispec.Descriptor{ociDescriptor(typeConfig, i.config), ociDescriptor(typeLayer, i.layers[0]), manifest}
	for n, data := range [][]byte{i.config, i.layers[0], i.manifest} {
		if err := content.WriteBlob(ctx, store, fmt.Sprint(n), bytes.NewReader(data), parts[n]); err != nil {
			return s.failed("start", err)
		}
	}
	pusher, err := s.resolver().Pusher(ctx, s.host()+"/"+repository+":"+pushed+"@"+manifest.Digest.String())
	if err != nil {
		return s.failed("start", err)
	}
	push := remotes.PushHandler(pusher, store)
	for _, part := range parts { // the manifest last, as containerd does
		if _, err := push(ctx, part); err != nil {
			return s.failed("start", err)
		}
	}
	return result{}
}

func ociDescriptor(mediaType string, data []byte) ocispec.Descriptor {
	return ocispec.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(data), Size: int64(len(data))}
}
