package collector

import (
	"errors"
	"net/url"
	"strings"
)

// httpErrors are those of net/http that have no type, by what they contain. Some of them quote the answer.
var httpErrors = []struct{ words, reason, text string }{
	{"server gave HTTP response to HTTPS client", reasonHTTPSOnHTTP, "the server answers a TLS handshake with plain HTTP"},
	{"server response headers exceeded", reasonTooLarge, "the headers of the answer are too large"},
	{"message too large", reasonTooLarge, "the headers of the answer are too large"},
	{"too many 1xx", reasonBadAnswer, "too many answers of status 1xx"},
	{"malformed", reasonBadAnswer, "the answer is not HTTP"},
	{"invalid header", reasonBadAnswer, "a header is not HTTP"},
	{"Content-Length", reasonBadAnswer, "the answer has no usable Content-Length"},
	{"trailer", reasonBadAnswer, "the trailer of the answer is not HTTP"},
	{"transfer encoding", reasonBadAnswer, "the answer has an unknown transfer encoding"},
	{"chunk", reasonBadAnswer, "the answer is not in the chunks it announces"},
	{"Location header", reasonBadAnswer, "the answer redirects to something that is not a URL"},
}

// requestError is the error of an HTTP request without what the server wrote into it: the URL of a
// redirect, or the beginning of an answer that is not HTTP. Both may repeat what was sent.
func requestError(err error) error {
	var f *failure
	var wrapped *url.Error
	if errors.As(err, &f) {
		return err
	}
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	text := err.Error()
	for _, known := range httpErrors {
		if strings.Contains(text, known.words) {
			return failed(known.reason, "%s", known.text)
		}
	}
	return err
}
