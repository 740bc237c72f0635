package ask

import (
	"errors"
	"net"
	"net/url"
	"strings"

	"registry_exporter/collector/source"
)

// httpErrors are errors of net/http that have no type. They are told by words in them. text replaces the error, which may
// quote the answer.
var httpErrors = []struct{ words, reason, text string }{
	{"server gave HTTP response to HTTPS client", source.ReasonHTTPSOnHTTP, "the server answers a TLS handshake with plain HTTP"},
	{"server response headers exceeded", source.ReasonTooLarge, "the headers of the answer are too large"},
	{"message too large", source.ReasonTooLarge, "the headers of the answer are too large"},
	{"too many 1xx", source.ReasonBadAnswer, "too many answers of status 1xx"},
	{"malformed", source.ReasonBadAnswer, "the answer is not HTTP"},
	{"invalid header", source.ReasonBadAnswer, "a header is not HTTP"},
	{"Content-Length", source.ReasonBadAnswer, "the answer has no usable Content-Length"},
	{"trailer", source.ReasonBadAnswer, "the trailer of the answer is not HTTP"},
	{"transfer encoding", source.ReasonBadAnswer, "the answer has an unknown transfer encoding"},
	{"chunk", source.ReasonBadAnswer, "the answer is not in the chunks it announces"},
	{"Location header", source.ReasonBadAnswer, "the answer redirects to something that is not a URL"},
}

// RequestError returns the error of an HTTP request without quotations. net/http quotes the URL of a redirect, or the
// beginning of an answer that is not HTTP. Both may repeat the credentials.
func RequestError(err error) error {
	var f *source.Failure
	var wrapped *url.Error
	if errors.As(err, &f) {
		return err
	}
	host := ""
	if errors.As(err, &wrapped) {
		if u, parseErr := url.Parse(wrapped.URL); parseErr == nil {
			host = u.Host
		}
		err = wrapped.Err
	}
	if unreached(err) {
		return NoConnection(err, host)
	}
	text := err.Error()
	for _, known := range httpErrors {
		if strings.Contains(text, known.words) {
			return source.Failed(known.reason, "%s", known.text)
		}
	}
	return err
}

// unreached says whether no connection was made. The words of such an error name resolved addresses, or our resolver.
func unreached(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	return errors.As(err, &op) && op.Op == "dial" || errors.As(err, &dns)
}

// NoConnection returns the error of a failed dial to host in words that everybody may read. The words of err go to the
// log alone. The reason stays, and a timeout remains a timeout.
func NoConnection(err error, host string) error {
	words := map[string]string{
		source.ReasonRefused: "connection refused", source.ReasonDNS: "the name is not resolved", source.ReasonUnreachable: "no route",
		source.ReasonTimeout: "no answer in time", source.ReasonCanceled: "canceled",
		source.ReasonExporterOverloaded: "the exporter has no descriptors or no memory left",
	}[source.Reason(err)]
	if words == "" {
		words = "no connection"
	}
	if host == "" {
		return source.Detailed(err, "connecting: "+words)
	}
	return source.Detailed(err, "connecting to "+HostText(host)+": "+words)
}
