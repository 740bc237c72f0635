package collector

import (
	"bytes"
	"context"
	"crypto/md5" // what Swift calls an ETag
	cryptorand "crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	swiftCleanUpTime = 4 * time.Second
	swiftWriteBytes  = 1 << 10
	swiftWriteNames  = 16
)

// write writes an object, reads it again and deletes it, and leaves nothing behind if it can. What stays if we are
// killed is overwritten sooner or later, as there are few names. (X-Delete-After would make a hundred containers a day
// for Swift's expirer.) There are more than one as another exporter may be at work here.
func (r *swiftRun) write(ctx context.Context) error {
	name := fmt.Sprintf("%s%x", r.prefix, rand.N(swiftWriteNames))
	content := make([]byte, swiftWriteBytes)
	_, _ = cryptorand.Read(content) // an older copy is another one
	left := true
	defer func() {
		if left {
			r.cleanUp(ctx, name)
		}
	}()
	err := r.step("put", "writing an object", func() (string, error) {
		return fmt.Sprintf("%d bytes", len(content)), r.put(ctx, name, content)
	})
	if err != nil {
		left = !slices.Contains([]string{reasonForbidden, reasonNotFound, reasonUnauthorized}, reason(err))
		return err
	}
	err = r.step("get", "reading the object that was written", func() (string, error) {
		return fmt.Sprintf("%d bytes, as they were written", len(content)), r.get(ctx, name, content)
	})
	if ctx.Err() != nil {
		return err
	}
	deleteErr := r.step("delete", "deleting the object that was written", func() (string, error) { return "", r.delete(ctx, name) })
	left = deleteErr != nil
	return errors.Join(err, deleteErr)
}

func (r *swiftRun) put(ctx context.Context, name string, content []byte) error {
	resp, err := r.send(ctx, swiftRequest{
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
		return failed(reasonNotFound, "the container %q does not exist: create it with `swift post %[1]s`", r.container)
	case http.StatusUnprocessableEntity:
		resp.Body.Close()
		return failed(reasonDigestMismatch, "what arrived is not what was sent")
	}
	return refusalOf(resp)
}

func (r *swiftRun) get(ctx context.Context, name string, content []byte) error {
	resp, err := r.send(ctx, swiftRequest{method: http.MethodGet, container: r.container, object: name})
	if err != nil {
		return err
	}
	got, err := answerOf(resp, maxSmallBody)
	switch {
	case got.status == http.StatusNotFound:
		return failed(reasonMissingBlob, "it is not there")
	case got.status != http.StatusOK:
		return got.refusal()
	case err != nil:
		return err
	}
	if err := wantETag(resp, content); err != nil {
		return err
	}
	switch {
	case len(got.body) < len(content):
		return failed(reasonShortRead, "%d of %d bytes", len(got.body), len(content))
	case !bytes.Equal(got.body, content):
		return failed(reasonDigestMismatch, "other bytes than were written")
	}
	return nil
}

// wantETag wants the MD5 of content in the answer: every Swift gives it.
func wantETag(resp *http.Response, content []byte) error {
	switch strings.Trim(resp.Header.Get("ETag"), `"`) {
	case md5Hex(content):
		return nil
	case "":
		return failed(reasonBadAnswer, "the answer has no ETag: it is not that of a Swift")
	}
	return failed(reasonDigestMismatch, "the ETag is not that of what was written")
}

func md5Hex(content []byte) string {
	sum := md5.Sum(content)
	return hex.EncodeToString(sum[:])
}

func (r *swiftRun) delete(ctx context.Context, name string) error {
	resp, err := r.send(ctx, swiftRequest{method: http.MethodDelete, container: r.container, object: name})
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusNoContent && resp.StatusCode != http.StatusNotFound {
		return refusalOf(resp)
	}
	resp.Body.Close()
	return nil
}

// cleanUp deletes what may be there after a run that did not come to its end.
func (r *swiftRun) cleanUp(ctx context.Context, name string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), min(swiftCleanUpTime, r.limit))
	defer cancel()
	_ = r.delete(ctx, name)
}
