package swift

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

const (
	listLimit    = 100 // objects, of which a run reads one
	maxReadTries = 3   // a container lists an object for a while after it was deleted
)

// readObject reads a byte of an object in the registry's container. In an empty container it reads nothing, and that is
// no error.
func (r *probeRun) readObject(ctx context.Context) error {
	var objects []object
	err := r.step("list", "listing the registry's container", func() (_ string, err error) {
		objects, err = r.candidates(ctx)
		return fmt.Sprintf("%d objects to choose from", len(objects)), err
	})
	if err != nil || len(objects) == 0 {
		return err
	}
	return r.step("read", "reading an object of the registry", func() (string, error) {
		for _, o := range objects[:min(maxReadTries, len(objects))] {
			err := r.readByte(ctx, o)
			if err == nil {
				return o.Name, nil
			}
			if source.Reason(err) != source.ReasonNotFound {
				return "", fmt.Errorf("%s: %w", source.CleanLabel(o.Name), err)
			}
		}
		return "", source.Failed(source.ReasonMissingBlob, "it is listed and not there, as are others")
	})
}

// candidates returns the objects of one page of the listing in random order, objects with bytes first. Each run takes the
// next page; after the last page it begins again.
func (r *probeRun) candidates(ctx context.Context) ([]object, error) {
	objects, err := r.listPage(ctx)
	if err == nil && len(objects) == 0 && r.marker != "" { // the end: go on at the beginning
		r.marker = ""
		objects, err = r.listPage(ctx)
	}
	if err != nil || len(objects) == 0 {
		return nil, err
	}
	r.marker = objects[len(objects)-1].Name
	rand.Shuffle(len(objects), func(i, j int) { objects[i], objects[j] = objects[j], objects[i] })
	slices.SortStableFunc(objects, func(a, b object) int { return int(source.Bool01(a.Bytes == 0) - source.Bool01(b.Bytes == 0)) })
	return objects, nil
}

// listPage lists at most listLimit objects behind the marker.
func (r *probeRun) listPage(ctx context.Context) (objects []object, err error) {
	query := url.Values{"limit": {fmt.Sprint(listLimit)}, "marker": {r.marker}}
	err = r.list(ctx, r.cfg.Container, query, func(o object) {
		if len(objects) < listLimit {
			objects = append(objects, o)
		}
	})
	return objects, err
}

// readByte reads the first byte of an object. An object to which the listing gives 0 bytes may be empty: then status 200
// or 416 is right, too.
func (r *probeRun) readByte(ctx context.Context, o object) error {
	resp, err := r.send(ctx, request{
		method: http.MethodGet, container: r.cfg.Container, object: o.Name, header: map[string]string{"Range": "bytes=0-0"},
	})
	switch {
	case err != nil:
		return err
	case o.Bytes == 0 && (resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusRequestedRangeNotSatisfiable):
		resp.Body.Close()
		return nil
	case resp.StatusCode != http.StatusPartialContent:
		return ask.RefusalOf(resp)
	}
	got, err := ask.AnswerOf(resp, 1)
	if err == nil && len(got.Body) == 0 {
		return source.Failed(source.ReasonShortRead, "0 of 1 byte")
	}
	return err
}
