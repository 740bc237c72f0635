package registry

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/registry/client"
	"registry_exporter/collector/source"

	"github.com/opencontainers/go-digest"
)

// maxResumes is how often a run asks for the rest of a blob whose bytes stopped before its end.
const maxResumes = 2

// errOddRange is the error of an answer to a Range that says nothing about the blob. Clients then ask for the whole blob.
var errOddRange = errors.New("the server does not answer a Range with that range")

// errNoRanges is the error of a layer that is too large for one run, on a server that ignores ranges. The layer may be
// well.
var errNoRanges = errors.New("the server sends layers as a whole only")

// A cutError is the error of a body that ended too early. Clients ask for the rest.
type cutError struct{ error }

func (c cutError) Unwrap() error { return c.error }

// wasCut says whether the body of an answer ended too early.
func wasCut(err error) bool {
	var c cutError
	return errors.As(err, &c)
}

// readBlob asks for n bytes of a blob, beginning at from. When status and headers are right, it calls take with the
// answer. The answer is a part when it has those n bytes alone. Else take gets the whole blob: when the server ignores
// the Range, and, after a second request without Range, when the server answers the Range in any other way:
//
//	Range: bytes=8-8 → 206, Content-Range: bytes 8-8/9   a part
//	Range: bytes=8-8 → 200                               the whole
//	Range: bytes=8-8 → 416, 403, 501 or 206 bytes 0-8/9  asked for once more, without Range
func (ip *imagePull) readBlob(ctx context.Context, d client.Descriptor, from, n int64, take func(resp *http.Response, isPart bool) error) error {
	path := "blobs/" + d.Digest.String()
	if n < d.Size {
		part := fmt.Sprintf("%d-%d", from, from+n-1)
		err := ip.read(ctx, path, http.Header{"Range": {"bytes=" + part}}, func(resp *http.Response) error {
			isPart := resp.StatusCode == http.StatusPartialContent && resp.Header.Get("Content-Range") == fmt.Sprintf("bytes %s/%d", part, d.Size)
			switch {
			case isPart:
				return take(resp, true)
			case resp.StatusCode == http.StatusOK, resp.StatusCode == http.StatusNotFound, resp.StatusCode == http.StatusTooManyRequests:
				return takeWhole(resp, d, take)
			}
			return errOddRange
		})
		if !errors.Is(err, errOddRange) {
			return err
		}
	}
	return ip.read(ctx, path, http.Header{}, func(resp *http.Response) error {
		if resp.StatusCode == http.StatusPartialContent { // containerd takes it for 200, when nobody asked for a part
			resp.StatusCode = http.StatusOK
		}
		return takeWhole(resp, d, take)
	})
}

// takeWhole calls take with an answer that has the whole blob, as its status and length tell.
func takeWhole(resp *http.Response, d client.Descriptor, take func(*http.Response, bool) error) error {
	switch {
	case resp.StatusCode == http.StatusNotFound:
		return missing(resp)
	case resp.StatusCode != http.StatusOK:
		return ask.RefusalOf(resp)
	case resp.ContentLength >= 0 && resp.ContentLength != d.Size:
		return source.Failed(source.ReasonShortRead, "it has %d bytes, the manifest says %d", resp.ContentLength, d.Size)
	}
	return take(resp, false)
}

// copyBytes copies n bytes of the body to out, and returns how many came. When fewer than n came, the error is short_read
// or that of the connection.
func (ip *imagePull) copyBytes(ctx context.Context, out io.Writer, resp *http.Response, n int64) (int64, error) {
	got, err := io.CopyBuffer(out, io.LimitReader(resp.Body, n), ip.buffer)
	ip.bytes += got
	switch {
	case err != nil && ctx.Err() != nil:
		return got, fmt.Errorf("%d of %d bytes came: %w", got, n, ask.Ended(ctx, ask.RequestError(err)))
	case err != nil:
		return got, cutError{fmt.Errorf("%d of %d bytes came: %w", got, n, ask.RequestError(err))}
	case got < n:
		return got, cutError{source.Failed(source.ReasonShortRead, "%d of %d bytes came", got, n)}
	}
	return got, nil
}

// wantEnd returns an error when the body goes on.
func (ip *imagePull) wantEnd(resp *http.Response, isPart bool) error {
	n, _ := io.ReadFull(resp.Body, ip.buffer[:1])
	switch {
	case n == 0:
		return nil
	case isPart:
		return source.Failed(source.ReasonBadAnswer, "more bytes came than were asked for")
	}
	return source.Failed(source.ReasonShortRead, "more bytes came than the manifest says")
}

// A verification is the reading of one blob in full: how many bytes have come so far, and their hash. The reading of a
// large blob takes several runs.
type verification struct {
	hash   hash.Hash
	offset int64
}

func newVerification(d digest.Digest) *verification { return &verification{hash: d.Algorithm().Hash()} }

// readMore reads the next n bytes of a blob. At the end of the blob it checks the digest. When the bytes stop early, it
// asks for the rest, as containerd does, or for the whole blob when the server ignores ranges.
func (ip *imagePull) readMore(ctx context.Context, d client.Descriptor, r *verification, n int64) error {
	return ip.resume(ctx, d, r, r.offset+n, n == d.Size, func() bool { return true })
}

// resume reads a blob from where r is to end. After a cut it asks for the rest, as long as mayResume returns true.
func (ip *imagePull) resume(ctx context.Context, d client.Descriptor, r *verification, end int64, isWhole bool, mayResume func() bool) error {
	for resumes := 0; ; resumes++ {
		before := r.offset
		err := ip.readUntil(ctx, d, r, end, isWhole)
		if !wasCut(err) || resumes == maxResumes || resumes > 0 && r.offset == before || !mayResume() {
			return err
		}
	}
}

// readUntil reads a blob from where r is to end, with one request. It takes an answer with the whole blob only when
// isWhole says that the whole blob is wanted.
func (ip *imagePull) readUntil(ctx context.Context, d client.Descriptor, r *verification, end int64, isWhole bool) error {
	from := r.offset
	return ip.readBlob(ctx, d, from, end-from, func(resp *http.Response, isPart bool) error {
		if !isPart && !isWhole {
			return errNoRanges
		}
		if !isPart {
			if _, err := ip.copyBytes(ctx, io.Discard, resp, from); err != nil {
				return err
			}
		}
		got, err := ip.copyBytes(ctx, r.hash, resp, end-from)
		r.offset += got
		if err == nil {
			err = ip.wantEnd(resp, isPart)
		}
		if err != nil || r.offset < d.Size {
			return err
		}
		return r.checkDigest(d)
	})
}

// checkDigest compares the bytes that r has read with the digest.
func (r *verification) checkDigest(d client.Descriptor) error {
	if digest.NewDigest(d.Digest.Algorithm(), r.hash) != d.Digest {
		return source.Failed(source.ReasonDigestMismatch, "what was read is not what the digest says")
	}
	return nil
}
