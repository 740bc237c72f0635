package client

import (
	"context"
	"net/http"
)

// Open asks for a manifest or blob of a repository. path is such as manifests/1.0 or blobs/sha256:…. It follows a redirect
// to a store, asks once more after 408, 500, 503 and 504, as containerd does, and undoes Content-Encoding. The caller closes the
// body.
func (s *Session) Open(ctx context.Context, repository, path string, header http.Header) (*http.Response, error) {
	resp, err := s.read(ctx, http.MethodGet, repository, path, header)
	if err == nil {
		undo(resp)
	}
	return resp, err
}

// Head is Open with method HEAD. Its answer has no body; the caller closes it all the same.
func (s *Session) Head(ctx context.Context, repository, path string, header http.Header) (*http.Response, error) {
	return s.read(ctx, http.MethodHead, repository, path, header)
}

func (s *Session) read(ctx context.Context, method, repository, path string, header http.Header) (*http.Response, error) {
	resp, err := s.readOnce(ctx, method, repository, path, header)
	if err != nil || !MayPass(resp.StatusCode) {
		return resp, err
	}
	resp.Body.Close()
	return s.readOnce(ctx, method, repository, path, header)
}

// MayPass says whether containerd asks once more after an HTTP status: 500, 503 and 504 come from a registry that restarts, 408
// from a front that has given up on a slow connection.
func MayPass(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusInternalServerError, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

func (s *Session) readOnce(ctx context.Context, method, repository, path string, header http.Header) (*http.Response, error) {
	req, err := s.Request(ctx, method, "/v2/"+repository+"/"+path, nil)
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		req.Header[name] = values
	}
	resp, err := s.Send(req, pullScope(repository))
	if err != nil {
		return nil, err
	}
	return s.follow(resp, header)
}
