package swift

import (
	"bytes"
	"context"
	"crypto/md5" // Swift's ETag is an MD5
	cryptorand "crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

const (
	cleanUpTime = 4 * time.Second
	writeBytes  = 1 << 10 // of an object
	writeNames  = 16      // of one exporter and registry
)

// write writes an object, reads it and deletes it. After a failure, too, it deletes the object, unless the store has
// refused the PUT. An exporter that is killed leaves its object behind; a later run overwrites it, since there are only
// 16 names. With one name alone, two exporters of the same name would delete each other's object. write does not set
// X-Delete-After: with it Swift would make up to a hundred containers a day for its expirer.
func (r *probeRun) write(ctx context.Context) error {
	name := fmt.Sprintf("%s%x", r.prefix, rand.N(writeNames))
	content := make([]byte, writeBytes)
	_, _ = cryptorand.Read(content) // differs from the content of earlier runs
	mayExist := true
	defer func() {
		if mayExist {
			r.cleanUp(ctx, name)
		}
	}()
	err := r.step("put", "writing an object", func() (string, error) {
		return fmt.Sprintf("%d bytes", len(content)), r.put(ctx, name, content)
	})
	if err != nil {
		mayExist = !slices.Contains([]string{source.ReasonForbidden, source.ReasonNotFound, source.ReasonUnauthorized}, source.Reason(err))
		return err
	}
	err = r.step("get", "reading the object that was written", func() (string, error) {
		return fmt.Sprintf("%d bytes, as they were written", len(content)), r.get(ctx, name, content)
	})
	if ctx.Err() != nil {
		return err
	}
	deleteErr := r.step("delete", "deleting the object that was written", func() (string, error) { return "", r.delete(ctx, name) })
	mayExist = deleteErr != nil
	return errors.Join(err, deleteErr)
}

// put writes an object. Swift compares the bytes with the ETag, and answers 422 when they differ.
func (r *probeRun) put(ctx context.Context, name string, content []byte) error {
	resp, err := r.send(ctx, request{
		method: http.MethodPut, container: r.container, object: name, body: content,
		header: map[string]string{"Content-Type": "application/octet-stream", "ETag": md5Hex(content)},
	})
	if err != nil {
		return err
	}
	switch resp.StatusCode {
	case http.StatusCreated:
		resp.Body.Close()
		return wantETag(resp, content)
	case http.StatusNotFound:
		resp.Body.Close()
		return source.Failed(source.ReasonNotFound, "the container %q does not exist: create it with `swift post %[1]s`", r.container)
	case http.StatusUnprocessableEntity:
		resp.Body.Close()
		return source.Failed(source.ReasonDigestMismatch, "what arrived is not what was sent")
	}
	return ask.RefusalOf(resp)
}

// get reads an object, which must be content.
func (r *probeRun) get(ctx context.Context, name string, content []byte) error {
	resp, err := r.send(ctx, request{method: http.MethodGet, container: r.container, object: name})
	if err != nil {
		return err
	}
	got, err := ask.AnswerOf(resp, ask.MaxSmallBody)
	switch {
	case got.Status == http.StatusNotFound:
		return source.Failed(source.ReasonMissingBlob, "it is not there")
	case got.Status != http.StatusOK:
		return got.Refusal()
	case err != nil:
		return err
	}
	if err := wantETag(resp, content); err != nil {
		return err
	}
	switch {
	case len(got.Body) < len(content):
		return source.Failed(source.ReasonShortRead, "%d of %d bytes", len(got.Body), len(content))
	case !bytes.Equal(got.Body, content):
		return source.Failed(source.ReasonDigestMismatch, "other bytes than were written")
	}
	return nil
}

// wantETag returns an error unless the ETag of a response is the MD5 of content, bare or in quotes.
func wantETag(resp *http.Response, content []byte) error {
	switch strings.Trim(resp.Header.Get("ETag"), `"`) {
	case md5Hex(content):
		return nil
	case "":
		return source.Failed(source.ReasonBadAnswer, "the answer has no ETag: it is not that of a Swift")
	}
	return source.Failed(source.ReasonDigestMismatch, "the ETag is not that of what was written")
}

func md5Hex(content []byte) string {
	sum := md5.Sum(content)
	return hex.EncodeToString(sum[:])
}

// delete deletes an object. An object that is not there is no error.
func (r *probeRun) delete(ctx context.Context, name string) error {
	resp, err := r.send(ctx, request{method: http.MethodDelete, container: r.container, object: name})
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusNoContent && resp.StatusCode != http.StatusNotFound {
		return ask.RefusalOf(resp)
	}
	resp.Body.Close()
	return nil
}

// cleanUp deletes an object, even after ctx has ended.
func (r *probeRun) cleanUp(ctx context.Context, name string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), min(cleanUpTime, r.timeout))
	defer cancel()
	_ = r.delete(ctx, name)
}
