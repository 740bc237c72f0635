package registry

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"testing"
)

// Clients can unpack the layer.
func TestLayersCanBeUnpacked(t *testing.T) {
	for _, size := range []int64{0, 1<<16 - 1 - 2048, 1 << 16, 2 << 20} {
		packed := gzipOf(tarOf("canary", size))
		r, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			t.Fatal(err)
		}
		archive, err := io.ReadAll(r) // checks length and checksum
		if err != nil {
			t.Fatalf("%d bytes: %s", size, err)
		}
		files := tar.NewReader(bytes.NewReader(archive))
		h, err := files.Next()
		if err != nil || h.Name != "registry_exporter" || h.Size != max(size, int64(len("canary"))) {
			t.Errorf("%d bytes: the file is %+v, %v", size, h, err)
		}
		if int64(len(packed)) < size {
			t.Errorf("a layer of %d bytes for a file of %d", len(packed), size)
		}
	}
}
