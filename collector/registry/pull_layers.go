package registry

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/registry/client"
	"registry_exporter/collector/source"

	"github.com/opencontainers/go-digest"
)

// firstPart is how many bytes of a layer are read when the server ignores the range and sends all of it.
const firstPart = 64 << 10

// readable are the layers that a registry has to have, each once: without empty ones, and without foreign ones, which
// clients fetch from elsewhere.
func readable(layers []client.Descriptor) []client.Descriptor {
	var all []client.Descriptor
	seen := map[digest.Digest]bool{}
	for _, l := range layers {
		if l.Size > 0 && !l.IsForeign() && !seen[l.Digest] {
			seen[l.Digest] = true
			all = append(all, l)
		}
	}
	return all
}

// readBlob asks for n bytes of a blob from an offset on, and calls take with the answer if that has the right size and
// range. The answer may be the whole blob with status 200: servers may ignore a range.
func (ip *imagePull) readBlob(ctx context.Context, d client.Descriptor, from, n int64, take func(*http.Response) error) error {
	header := http.Header{}
	if n < d.Size {
		header.Set("Range", fmt.Sprintf("bytes=%d-%d", from, from+n-1))
	}
	return ip.read(ctx, "blobs/"+d.Digest.String(), header, func(resp *http.Response) error {
		if err := checkBlob(resp, d, from, n); err != nil {
			return err
		}
		return take(resp)
	})
}

// checkBlob is the error of an answer to a request for n bytes of a blob from an offset on, judged by status and headers.
// Each case takes for granted that those before it did not apply.
func checkBlob(resp *http.Response, d client.Descriptor, from, n int64) error {
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
	}
	return nil
}

// isPart says whether an answer has the range that was asked for, and not the whole.
func isPart(resp *http.Response) bool { return resp.StatusCode == http.StatusPartialContent }

// rangeTotal is the size of the whole blob by Content-Range: 9 in "bytes 8-8/9", and in "bytes */9" of a 416. known is
// false without it.
func rangeTotal(resp *http.Response) (total int64, known bool) {
	text := resp.Header.Get("Content-Range")
	total, err := strconv.ParseInt(text[strings.LastIndexByte(text, '/')+1:], 10, 64)
	return total, err == nil && total >= 0 && strings.HasPrefix(text, "bytes ")
}

// copyBytes copies n bytes of the body to out, and returns how many came. Fewer than n are an error: short_read, or that of
// the connection.
func (ip *imagePull) copyBytes(ctx context.Context, out io.Writer, resp *http.Response, n int64) (int64, error) {
	got, err := io.CopyBuffer(out, io.LimitReader(resp.Body, n), ip.buffer)
	ip.bytes += got
	switch {
	case err != nil:
		return got, fmt.Errorf("%d of %d bytes came: %w", got, n, ask.Ended(ctx, ask.RequestError(err)))
	case got < n:
		return got, source.Failed(source.ReasonShortRead, "%d of %d bytes came", got, n)
	}
	return got, nil
}

// wantEnd wants the body to end here.
func (ip *imagePull) wantEnd(resp *http.Response) error {
	n, _ := io.ReadFull(resp.Body, ip.buffer[:1])
	switch {
	case n == 0:
		return nil
	case isPart(resp):
		return source.Failed(source.ReasonBadAnswer, "more bytes came than were asked for")
	}
	return source.Failed(source.ReasonShortRead, "more bytes came than the manifest says")
}

// readConfig reads the config of the image in full and checks its digest.
func (ip *imagePull) readConfig(ctx context.Context) error {
	config := ip.manifest.Config
	return ip.readMore(ctx, config, newVerification(config.Digest), config.Size)
}

// readEnds reads the last byte of each layer: a registry that knows the size of a layer, but has lost its end, cannot send
// that byte. The error is that of the first layer that fails. After one that is not about content, such as a timeout, no
// more layers are asked for: the store is in trouble.
func (ip *imagePull) readEnds(ctx context.Context) error {
	var first error
	for i, l := range ip.layersOfThisRun() {
		if i == 0 {
			ip.timed = l.Digest
		}
		err := ip.readEnd(ctx, l)
		ip.noteRead(stepLayers, l.Digest, false, err)
		if err == nil {
			continue
		}
		ip.failed[l.Digest] = true
		first = firstError(first, fmt.Errorf("layer %s: %w", l.Digest, err))
		if !isContent(err) {
			break
		}
	}
	return first
}

// maxEnds bounds the layers whose last byte one run asks for, of all its images: a registry may name thousands of them, and
// send us for each to somebody else.
const maxEnds = 300

// layersOfThisRun are all layers of the image, or its part of maxEnds of them, in turn.
func (ip *imagePull) layersOfThisRun() []client.Descriptor {
	most := max(1, maxEnds/len(ip.images))
	if len(ip.layers) <= most {
		return ip.layers
	}
	from := ip.nextEnd[ip.image.Name] % len(ip.layers)
	ip.nextEnd[ip.image.Name] = from + most
	return slices.Concat(ip.layers[from:], ip.layers[:from])[:most]
}

// firstError is a, or b when a is nil.
func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// readEnd reads the last byte of a layer, or its first 64 KiB when the server ignores ranges.
func (ip *imagePull) readEnd(ctx context.Context, l client.Descriptor) error {
	start := time.Now()
	return ip.readBlob(ctx, l, l.Size-1, 1, func(resp *http.Response) error {
		if _, err := ip.copyBytes(ctx, io.Discard, resp, 1); err != nil {
			return err
		}
		if l.Digest == ip.timed {
			ip.firstByte = time.Since(start)
		}
		if isPart(resp) {
			ip.ends++
			return ip.wantEnd(resp)
		}
		ip.begins++
		_, err := ip.copyBytes(ctx, io.Discard, resp, min(l.Size, firstPart)-1)
		return err
	})
}
