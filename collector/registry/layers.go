package registry

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/registry/client"
	"registry_exporter/collector/source"

	"github.com/opencontainers/go-digest"
)

const (
	// firstPart is what is read of a layer when the server sends all of it instead of its last byte.
	firstPart = 64 << 10
	// minMeasured is the length of a read that says something about the speed of the way.
	minMeasured = 256 << 10
)

// readable are the layers that a registry has, each once: not the empty ones, and not those that are elsewhere.
func readable(layers []client.Descriptor) []client.Descriptor {
	var some []client.Descriptor
	seen := map[digest.Digest]bool{}
	for _, l := range layers {
		if l.Size > 0 && !l.IsForeign() && !seen[l.Digest] {
			seen[l.Digest] = true
			some = append(some, l)
		}
	}
	return some
}

// readBlob calls take with an answer for a blob, of from and the n bytes on of it, whose size is right.
// An answer with all of it comes too: servers need not heed a range.
func (v *visit) readBlob(ctx context.Context, d client.Descriptor, from, n int64, take func(*http.Response) error) error {
	header := http.Header{}
	if n < d.Size {
		header.Set("Range", fmt.Sprintf("bytes=%d-%d", from, from+n-1))
	}
	return v.read(ctx, "blobs/"+d.Digest.String(), header, func(resp *http.Response) error {
		if err := checkBlob(resp, d, from, n); err != nil {
			return err
		}
		return take(resp)
	})
}

// checkBlob says what is wrong with an answer before its body is read.
func checkBlob(resp *http.Response, d client.Descriptor, from, n int64) error {
	encoding := resp.Header.Get("Content-Encoding")
	has, known := rangeTotal(resp)
	switch {
	case resp.StatusCode == http.StatusNotFound:
		return missing(resp)
	case resp.StatusCode == http.StatusRequestedRangeNotSatisfiable && !known:
		return source.Failed(source.ReasonShortRead, "it has no byte %d, the manifest says %d bytes", from, d.Size)
	case (resp.StatusCode == http.StatusRequestedRangeNotSatisfiable || isPart(resp)) && known && has != d.Size:
		return source.Failed(source.ReasonShortRead, "it has %d bytes, the manifest says %d", has, d.Size)
	case resp.StatusCode != http.StatusOK && (!isPart(resp) || n == d.Size):
		return ask.RefusalOf(resp)
	case isPart(resp) && resp.Header.Get("Content-Range") != fmt.Sprintf("bytes %d-%d/%d", from, from+n-1, d.Size):
		return source.Failed(source.ReasonBadAnswer, "status 206 with another range than the one asked for")
	case resp.StatusCode == http.StatusOK && resp.ContentLength >= 0 && resp.ContentLength != d.Size:
		return source.Failed(source.ReasonShortRead, "it has %d bytes, the manifest says %d", resp.ContentLength, d.Size)
	case encoding != "" && encoding != "identity":
		return source.Failed(source.ReasonBadAnswer, "the answer is encoded, though nobody asked for that")
	}
	return nil
}

func isPart(resp *http.Response) bool { return resp.StatusCode == http.StatusPartialContent }

// rangeTotal is the size of the whole that Content-Range names.
func rangeTotal(resp *http.Response) (int64, bool) {
	text := resp.Header.Get("Content-Range")
	total, err := strconv.ParseInt(text[strings.LastIndexByte(text, '/')+1:], 10, 64)
	return total, err == nil && total >= 0 && strings.HasPrefix(text, "bytes ")
}

// copyBytes copies n bytes of an answer to out, and returns how many came.
func (v *visit) copyBytes(ctx context.Context, out io.Writer, resp *http.Response, n int64) (int64, error) {
	got, err := io.CopyBuffer(out, io.LimitReader(resp.Body, n), v.buffer)
	v.bytes += got
	switch {
	case err != nil:
		return got, fmt.Errorf("%d of %d bytes came: %w", got, n, ask.Ended(ctx, ask.RequestError(err)))
	case got < n:
		return got, source.Failed(source.ReasonShortRead, "%d of %d bytes came", got, n)
	}
	return got, nil
}

// wantEnd says that nothing comes any more.
func (v *visit) wantEnd(resp *http.Response) error {
	n, _ := io.ReadFull(resp.Body, v.buffer[:1])
	switch {
	case n == 0:
		return nil
	case isPart(resp):
		return source.Failed(source.ReasonBadAnswer, "more bytes came than were asked for")
	}
	return source.Failed(source.ReasonShortRead, "more bytes came than the manifest says")
}

// readConfig reads the configuration of the image to its end.
func (v *visit) readConfig(ctx context.Context) error {
	config := v.manifest.Config
	return v.readOn(ctx, config, newVerification(config.Digest), config.Size)
}

// readEnds asks for the last byte of each layer: a registry that has lost some of it cannot say it, though it knows its
// size. The error is that of the first layer that is not well.
func (v *visit) readEnds(ctx context.Context) error {
	var first error
	for _, l := range v.layers {
		err := v.readEnd(ctx, l)
		v.find(stepLayers, l.Digest, false, err)
		if err == nil {
			continue
		}
		v.failed[l.Digest] = true
		first = firstError(first, fmt.Errorf("layer %s: %w", l.Digest, err))
		if !isContent(err) { // the store is in trouble: it does not need more of this
			break
		}
	}
	return first
}

func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

func (v *visit) readEnd(ctx context.Context, l client.Descriptor) error {
	start := time.Now()
	return v.readBlob(ctx, l, l.Size-1, 1, func(resp *http.Response) error {
		if _, err := v.copyBytes(ctx, io.Discard, resp, 1); err != nil {
			return err
		}
		if l.Digest == v.layers[0].Digest {
			v.firstByte = time.Since(start)
		}
		if isPart(resp) {
			v.ends++
			return v.wantEnd(resp)
		}
		v.begins++
		_, err := v.copyBytes(ctx, io.Discard, resp, min(l.Size, firstPart)-1)
		return err
	})
}
