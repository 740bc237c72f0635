package accesslog

import "bytes"

// An operation is the kind of a request to a registry, such as manifest_pull for GET /v2/library/base/manifests/1.0.
type operation uint8

const (
	ping operation = iota
	token
	catalog
	tags
	manifestPull
	manifestHead
	manifestPush
	manifestDelete
	blobPull
	blobHead
	blobDelete
	blobMount
	uploadStart
	uploadChunk
	uploadCommit
	uploadStatus
	uploadCancel
	trust
	other
	operations // how many there are
)

var operationNames = [operations]string{
	"ping", "token", "catalog", "tags", "manifest_pull", "manifest_head", "manifest_push", "manifest_delete",
	"blob_pull", "blob_head", "blob_delete", "blob_mount", "upload_start", "upload_chunk", "upload_commit",
	"upload_status", "upload_cancel", "trust", "other",
}

func (o operation) String() string { return operationNames[o] }

// A request is the outcome of classify.
type request struct {
	operation  operation
	repository []byte // as the client wrote it; no rule for names holds
	digest     []byte // of a blob
}

// classify finds the operation, the repository and the digest of a request. The registry may be served below a path, such as
// /hub/v2/. The path is read from its end: /v2/a/manifests/b/manifests/1.0 is a manifest of the repository a/manifests/b. All
// other requests, such as those for referrers, are other.
func classify(method, path, query []byte) request {
	rest, found := bytes.CutPrefix(path, []byte("/v2/"))
	if !found {
		if _, rest, found = bytes.Cut(path, []byte("/v2/")); !found {
			return request{operation: outside(method, path)}
		}
	}
	if len(rest) == 0 {
		return request{operation: read(method, ping)}
	}
	slash := lastSlash(rest)
	if slash < 0 {
		switch string(rest) {
		case "_catalog":
			return request{operation: read(method, catalog)}
		case "token", "auth":
			return request{operation: login(method)}
		}
		return request{operation: other}
	}
	head, last := rest[:slash], rest[slash+1:]
	slash = bytes.LastIndexByte(head, '/')
	if slash <= 0 {
		return request{operation: notaryOrOther(rest)}
	}
	name := head[:slash]
	switch string(head[slash+1:]) {
	case "manifests":
		return request{operation: manifest(method, last), repository: name}
	case "blobs":
		if string(last) == "uploads" {
			return request{operation: upload(method, nil, query), repository: name}
		}
		return request{operation: blob(method, last), repository: name, digest: last}
	case "uploads":
		if name, found = bytes.CutSuffix(name, []byte("/blobs")); found && len(name) > 0 {
			return request{operation: upload(method, last, query), repository: name}
		}
	case "tags":
		if string(last) == "list" {
			return request{operation: read(method, tags), repository: name}
		}
	}
	return request{operation: notaryOrOther(rest)}
}

// lastSlash skips a digest at the end at once: most requests have one.
func lastSlash(b []byte) int {
	const digest = len("sha256:") + 64
	if at := len(b) - digest - 1; at >= 0 && b[at] == '/' && bytes.IndexByte(b[at+1:], '/') < 0 {
		return at
	}
	return bytes.LastIndexByte(b, '/')
}

// outside is the operation of a path without /v2/, such as /service/token of Harbor, at which clients log in.
func outside(method, path []byte) operation {
	if bytes.HasSuffix(path, []byte("/v2")) {
		return read(method, ping)
	}
	path = bytes.TrimSuffix(path, []byte("/"))
	if bytes.HasSuffix(path, []byte("/token")) || bytes.HasSuffix(path, []byte("/auth")) {
		return login(method)
	}
	return other
}

func notaryOrOther(rest []byte) operation {
	if bytes.HasPrefix(rest, []byte("_trust/")) || bytes.Contains(rest, []byte("/_trust/")) {
		return trust
	}
	return other
}

func read(method []byte, o operation) operation {
	switch string(method) {
	case "GET", "HEAD":
		return o
	}
	return other
}

func login(method []byte) operation {
	if string(method) == "POST" {
		return token
	}
	return read(method, token)
}

func manifest(method, reference []byte) operation {
	if len(reference) == 0 {
		return other
	}
	switch string(method) {
	case "GET":
		return manifestPull
	case "HEAD":
		return manifestHead
	case "PUT":
		return manifestPush
	case "DELETE":
		return manifestDelete
	}
	return other
}

func blob(method, digest []byte) operation {
	if len(digest) == 0 {
		return other
	}
	switch string(method) {
	case "GET":
		return blobPull
	case "HEAD":
		return blobHead
	case "DELETE":
		return blobDelete
	}
	return other
}

// upload is the operation of a request below blobs/uploads/. id is empty in a POST:
//
//	POST …/blobs/uploads/?mount=sha256:…&from=library/base   mounts a blob of another repository
//	POST …/blobs/uploads/?digest=sha256:…                    sends the whole blob
//	POST …/blobs/uploads/                                    starts an upload
func upload(method, id, query []byte) operation {
	if len(id) == 0 {
		switch {
		case string(method) != "POST":
			return other
		case has(query, "mount="):
			return blobMount
		case has(query, "digest="):
			return uploadCommit
		}
		return uploadStart
	}
	switch string(method) {
	case "PATCH":
		return uploadChunk
	case "PUT":
		return uploadCommit
	case "GET", "HEAD":
		return uploadStatus
	case "DELETE":
		return uploadCancel
	}
	return other
}

// has says whether the query has a parameter, such as "mount=".
func has(query []byte, parameter string) bool {
	for len(query) > 0 {
		var one []byte
		one, query, _ = bytes.Cut(query, []byte("&"))
		if len(one) >= len(parameter) && string(one[:len(parameter)]) == parameter {
			return true
		}
	}
	return false
}

// splitURI returns the path of a URI, with %41 decoded to A, and its query. A path that was decoded lies in scratch.
func splitURI(uri, scratch []byte) (path, query []byte) {
	path, query, _ = bytes.Cut(uri, []byte("?"))
	if bytes.IndexByte(path, '%') < 0 {
		return path, query
	}
	return unescape(path, scratch), query
}

// unescape decodes %41 to A, into scratch. It copies a percent sign without two hexadecimal digits as it is, and drops the end
// of a path that is longer than scratch.
func unescape(path, scratch []byte) []byte {
	plain := scratch[:0]
	for i := 0; i < len(path) && len(plain) < cap(plain); i++ {
		b := path[i]
		if b == '%' && i+2 < len(path) {
			high, low := unhex(path[i+1]), unhex(path[i+2])
			if high < 16 && low < 16 {
				b = high<<4 | low
				i += 2
			}
		}
		plain = append(plain, b)
	}
	return plain
}

func unhex(b byte) byte {
	switch {
	case '0' <= b && b <= '9':
		return b - '0'
	case 'a' <= b && b <= 'f':
		return b - 'a' + 10
	case 'A' <= b && b <= 'F':
		return b - 'A' + 10
	}
	return 16
}

// splitRequest returns the method and the URI of a request line, such as GET /v2/ HTTP/1.1; nil for a text without a space.
func splitRequest(line []byte) (method, uri []byte) {
	method, rest, found := bytes.Cut(line, []byte(" "))
	if !found {
		return nil, nil
	}
	if end := bytes.LastIndexByte(rest, ' '); end >= 0 {
		rest = rest[:end]
	}
	return method, rest
}
