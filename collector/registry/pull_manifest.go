package registry

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/registry/client"
	"registry_exporter/collector/source"
)

// readManifests asks which document the tag names, as containerd does, and reads it. When it is an index, readManifests
// reads the manifest of our platform, too. start is when the pull began. note is for people, such as "sha256:…
// linux/amd64, 3 layers, 27.0 MB".
func (ip *imagePull) readManifests(ctx context.Context, start time.Time) (note string, err error) {
	top, err := ip.resolve(ctx, start)
	if err != nil {
		return "", err
	}
	m, err := ip.readManifest(ctx, top)
	if source.Reason(err) == source.ReasonMissingBlob {
		err = tagAloneError{err}
	}
	if err = firstError(err, nodesRefuse(top)); err != nil {
		return "", err
	}
	if m.IsIndex {
		if m, err = ip.descend(ctx, m); err != nil {
			return "", err
		}
		note = " " + ip.platform
	}
	ip.manifest, ip.layers = m, readable(m.Layers)
	size := m.Config.Size
	for _, l := range m.Layers {
		size += l.Size
	}
	return fmt.Sprintf("%s%s, %d layers, %s", top.Digest, note, len(m.Layers), byteText(size)), nil
}

// A tagAloneError says that the manifest which the tag names is not found by its digest.
type tagAloneError struct{ error }

func (t tagAloneError) Unwrap() error { return t.error }

// resolve asks which manifest the tag names, with HEAD. It asks with GET where a registry does not know HEAD (405), and
// where the answer to HEAD has no digest or no size. Once the registry lets it in, it notes the step auth.
func (ip *imagePull) resolve(ctx context.Context, start time.Time) (client.Descriptor, error) {
	path := "manifests/" + ip.image.Tag
	d, status, err := ip.describe(ctx, http.MethodHead, path, start)
	switch {
	case status == http.StatusMethodNotAllowed:
		d, _, err = ip.describe(ctx, http.MethodGet, path, start)
	case err != nil && (status > 0 || ask.IsNotLetIn(err) && ip.session.HasToken()):
		return client.Descriptor{}, ip.explainHead(ctx, path, start, status, err)
	}
	if err == nil && (d.Digest == "" || d.Size < 0) {
		err = ip.ask(ctx, http.MethodGet, path, client.AcceptManifests, func(resp *http.Response) (err error) {
			d, err = client.DescriptorOfBody(resp)
			return err
		})
	}
	if ip.image.Digest != "" {
		d.Digest = ip.image.Digest
	}
	return d, err
}

// describe asks for a manifest, and reads the headers of the answer. status is the status of a refusal; 0 when there is
// none.
func (ip *imagePull) describe(ctx context.Context, method, path string, start time.Time) (d client.Descriptor, status int, err error) {
	err = ip.ask(ctx, method, path, client.AcceptManifests, func(resp *http.Response) (err error) {
		var refused error
		if resp.StatusCode >= http.StatusMultipleChoices {
			status, refused = resp.StatusCode, ask.RefusalOf(resp)
		}
		switch {
		// 400: perhaps nginx wants a client certificate
		case (status == http.StatusForbidden || status == http.StatusBadRequest) && source.IsOurs(source.Reason(refused)):
			return ask.NotLetIn(refused)
		case status < http.StatusInternalServerError: // a 5xx says nothing about the login
			ip.noteLetIn(start)
		}
		if refused != nil {
			return refused
		}
		d, err = client.DescriptorOf(resp)
		return err
	})
	return d, status, err
}

// noteLetIn notes the step auth, once. start is when the pull began.
func (ip *imagePull) noteLetIn(start time.Time) {
	if len(ip.steps) == 0 {
		ip.letIn = ip.session.Sent
		ip.steps = append(ip.steps, source.Step{Name: stepAuth, Took: ip.letIn.Sub(start), Note: ip.session.HowLetIn()})
	}
}

// explainHead returns the error of a refused HEAD, whose answer has no body. When GET is refused, too, the error of GET
// says why. When GET is not refused, something between here and the registry refuses HEAD alone: containerd cannot pull,
// docker can. After a 504 explainHead does not ask with GET: the answer would take as long, and no pull has so much time.
func (ip *imagePull) explainHead(ctx context.Context, path string, start time.Time, status int, refused error) error {
	if status == http.StatusGatewayTimeout {
		return refused
	}
	switch _, _, err := ip.describe(ctx, http.MethodGet, path, start); {
	case err != nil && status == 0: // a token lacks the right for HEAD as for GET
		return refused
	case err != nil:
		return err
	}
	reason := source.ReasonClientError
	if status >= http.StatusInternalServerError {
		reason = source.ReasonServerError
	}
	return source.Failed(reason, "%s, but GET is answered: containerd and Kubernetes ask with HEAD first", refused)
}

// readManifest reads a manifest or index. When it is not there, the reason is missing_blob: the tag, or an index, names
// it.
func (ip *imagePull) readManifest(ctx context.Context, d client.Descriptor) (m *client.Manifest, err error) {
	err = ip.ask(ctx, http.MethodGet, "manifests/"+d.Digest.String(), d.Accept(), func(resp *http.Response) (err error) {
		if resp.StatusCode == http.StatusNotFound {
			return missing(resp)
		}
		m, err = client.ReadManifest(resp, d)
		return err
	})
	return m, err
}

// maxNesting is how many indexes may stand in each other: 2 for an index in an index.
const maxNesting = 8

// descend reads the manifest of our platform in an index, or in an index that this index names for our platform.
func (ip *imagePull) descend(ctx context.Context, m *client.Manifest) (*client.Manifest, error) {
	for depth := 1; m.IsIndex; depth++ {
		if depth > maxNesting {
			return nil, source.Failed(source.ReasonTooLarge, "more than %d indexes, each in another", maxNesting)
		}
		child, err := m.ForPlatform(ip.platform)
		if err != nil {
			return nil, err
		}
		ip.children = append(ip.children, child.Digest)
		ip.others = append(ip.others, m.Others(child.Digest)...)
		m, err = ip.readManifest(ctx, child)
		ip.noteRead(stepManifest, child.Digest, true, err)
		if err = firstError(err, nodesRefuse(child)); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// ask asks for a manifest. When an answer came, the error names the request.
func (ip *imagePull) ask(ctx context.Context, method, path string, header http.Header, take func(*http.Response) error) error {
	send := ip.session.Open
	if method == http.MethodHead {
		send = ip.session.Head
	}
	resp, err := send(ctx, ip.image.Repository, path, header)
	return ip.taken(resp, err, func(resp *http.Response) error {
		if err := take(resp); err != nil {
			return fmt.Errorf("%s /v2/%s/%s: %w", method, ip.image.Repository, path, err)
		}
		return nil
	})
}
