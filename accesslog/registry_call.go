package accesslog

import (
	"bytes"
	"slices"
)

// A call says on what a request of a registry failed.
type call uint8

const (
	storageCall call = iota // the store, or what is damaged there
	redisCall
	authCall  // a token server, or the upstream of a pull-through cache
	otherCall // such as the upstream that is out of reach
	calls     // how many there are
)

var callNames = [calls]string{"storage", "redis", "auth", "other"}

// callWords are the words of err.detail by which the call is told, the first that fit. The drivers of Distribution begin their
// errors with their name: "swift: HTTP Error: 503: 503 Service Unavailable", "filesystem: mkdir /srv/…: permission denied".
// A link or a manifest that is damaged or empty in the store is "invalid checksum digest format" or "unexpected end of JSON input".
var callWords = []struct {
	call  call
	words []string
}{
	{storageCall, []string{"swift: ", "filesystem: ", "s3aws: ", "s3goamz: ", "s3: ", "gcs: ", "azure: ", "oss: ", "inmemory: ", `"DriverName"`}},
	{redisCall, []string{"redis", "WRONGPASS", "NOAUTH", "MISCONF ", "LOADING "}},
	{storageCall, []string{
		"unexpected end of JSON input", "invalid character", "invalid checksum digest", "no space left on device", "permission denied",
		"read-only file system", "input/output error", "stale file handle", "stale NFS file handle", "unexpected EOF",
	}},
	{authCall, authWords},
}

var authWords = []string{"unauthorized", "authentication required", "authorization", "token", "denied"}

// upstreamErrors begin the errors of a request to the upstream of a pull-through cache: `Get "https://mirror.example.org/v2/library/redis/…": EOF`.
// Names of repositories and the answer of the upstream follow, which say nothing of our store or Redis. In the text format a quote
// still has its backslash.
var (
	upstreamMethods = []string{"Get ", "Head ", "Post "}
	upstreamErrors  = []string{"error parsing HTTP ", "received unexpected HTTP status: "}
)

func callOf(detail []byte) call {
	if why, isUpstream := upstreamError(detail); isUpstream {
		if hasOne(why, authWords) {
			return authCall
		}
		return otherCall
	}
	for _, known := range callWords {
		if hasOne(detail, known.words) {
			return known.call
		}
	}
	return otherCall
}

// upstreamError returns why a request to the upstream failed: the words behind the URL, if it got no answer.
func upstreamError(detail []byte) (why []byte, isUpstream bool) {
	for _, begin := range upstreamErrors {
		if bytes.HasPrefix(detail, []byte(begin)) {
			return nil, true
		}
	}
	for _, method := range upstreamMethods {
		rest, found := bytes.CutPrefix(detail, []byte(method))
		if rest = bytes.TrimLeft(rest, `\"`); found && bytes.HasPrefix(rest, []byte("http")) {
			_, why, _ = bytes.Cut(rest, []byte(": "))
			return why, true
		}
	}
	return nil, false
}

func hasOne(text []byte, words []string) bool {
	return slices.ContainsFunc(words, func(one string) bool { return bytes.Contains(text, []byte(one)) })
}

// clientLeft says whether the client hung up, which Distribution answers with 500: of an upload "client disconnected", of a
// request whose context ended "… context canceled".
func clientLeft(detail []byte) bool {
	return string(detail) == "client disconnected" || bytes.HasSuffix(detail, []byte("context canceled"))
}

// isRedis says whether a message is about Redis that fails. 2.8 writes "redis: error connecting: …" for each connection, 3.x
// "error from cache stat(ing) blob" and the like for each lookup.
func isRedis(message []byte) bool {
	return bytes.HasPrefix(message, []byte("redis: error ")) || bytes.HasPrefix(message, []byte("error from cache ")) ||
		bytes.HasPrefix(message, []byte("error adding descriptor ")) && bytes.Contains(message, []byte(" to cache"))
}

// isPanic says whether a line is the first that Go writes of a panic, of a request or of the process. The stack follows, and is
// not counted. The text before the words has no quote: no client can write such a line into an access log.
func isPanic(line []byte) bool {
	line = line[:min(len(line), maxHeader)]
	for _, words := range []string{"http: panic serving ", "panic: ", "fatal error: "} {
		at := bytes.Index(line, []byte(words))
		if at >= 0 && (at == 0 || line[at-1] == ' ') && bytes.IndexByte(line[:at], '"') < 0 {
			return true
		}
	}
	return false
}
