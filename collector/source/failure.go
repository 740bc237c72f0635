package source

import (
	"errors"
	"fmt"
	"slices"
)

// The closed list of reasons: metrics, alerts, pages and logs use no others. Those that do not explain themselves:
//
//	write_accepted    a passive site took a write
//	write_lost        the registry accepted a write, and does not have it afterwards
//	body_too_large    status 413: a front limits the bodies of requests
//	policy            a rule of the registry refuses this tag; other pushes get through
//	store_refused     401 or 403 of the store to which the registry redirects
//	upstream_failed   a pull-through cache cannot get from its upstream a blob that it does not hold
//	realm_refused     the token server that the registry names may not have the password (realms)
//	realm_changed     as realm_refused, after another token server has given tokens
//	redirect_refused  the configuration does not let us follow the redirect (stores)
//	component_unhealthy  Harbor's /health names the part for want of which it answers so
//	pending           the first run of a probe has not ended
//
// exporter_overloaded is about this machine: it has no descriptors or no memory left, or other requests took its slots for too
// long. Nobody knows how the registry is
const (
	ReasonDNS                 = "dns"
	ReasonRefused             = "refused"
	ReasonUnreachable         = "unreachable"
	ReasonTimeout             = "timeout"
	ReasonReset               = "reset"
	ReasonTLSUnknownAuthority = "tls_unknown_authority"
	ReasonTLSHostname         = "tls_hostname"
	ReasonTLSNoIPSAN          = "tls_no_ip_san"
	ReasonTLSExpired          = "tls_expired"
	ReasonTLSNotYetValid      = "tls_not_yet_valid"
	ReasonTLSClientCert       = "tls_client_cert"
	ReasonTLSOther            = "tls_other"
	ReasonHTTPOnHTTPS         = "http_on_https"
	ReasonHTTPSOnHTTP         = "https_on_http"
	ReasonUnauthorized        = "unauthorized"
	ReasonForbidden           = "forbidden"
	ReasonNotFound            = "not_found"
	ReasonStoreRefused        = "store_refused"
	ReasonUpstreamFailed      = "upstream_failed"
	ReasonRealmRefused        = "realm_refused"
	ReasonRealmChanged        = "realm_changed"
	ReasonRedirectRefused     = "redirect_refused"
	ReasonRateLimited         = "rate_limited"
	ReasonClientError         = "client_error"
	ReasonServerError         = "server_error"
	ReasonUnavailable         = "unavailable"
	ReasonHealthCheckFailed   = "health_check_failed"
	ReasonComponentUnhealthy  = "component_unhealthy"
	ReasonBadAnswer           = "bad_answer"
	ReasonRedirected          = "redirected"
	ReasonTooLarge            = "too_large"
	ReasonShortRead           = "short_read"
	ReasonDigestMismatch      = "digest_mismatch"
	ReasonMissingBlob         = "missing_blob"
	ReasonUploadLost          = "upload_lost"
	ReasonReadOnly            = "read_only"
	ReasonWriteAccepted       = "write_accepted"
	ReasonWriteLost           = "write_lost"
	ReasonBodyTooLarge        = "body_too_large"
	ReasonPolicy              = "policy"
	ReasonNoSpace             = "no_space"
	ReasonPending             = "pending"
	ReasonLogMissing          = "log_missing"
	ReasonLogUnreadable       = "log_unreadable"
	ReasonLinesLost           = "lines_lost"
	ReasonNotListening        = "not_listening"
	ReasonStateNotSaved       = "state_not_saved"
	ReasonCanceled            = "canceled"
	ReasonExporterOverloaded  = "exporter_overloaded"
	ReasonPanic               = "panic"
	reasonOther               = "other"
)

// A Failure is an error that is made with its reason.
type Failure struct {
	reason string
	text   string
}

// Error is the text alone, without the reason.
func (f *Failure) Error() string { return f.text }

// Failed makes a Failure. reason is one of the closed list.
func Failed(reason, format string, args ...any) error {
	return &Failure{reason, fmt.Sprintf(format, args...)}
}

// An unaskedError is why no request was sent, such as a password file that is gone. The address may be well.
type unaskedError struct{ error }

func (u unaskedError) Unwrap() error { return u.error }

// Unasked marks err as the cause that no request was sent. Its reason stays.
func Unasked(err error) error { return unaskedError{err} }

// IsUnasked says whether no request was sent because of err, or nobody knows what came of it (ReasonExporterOverloaded).
func IsUnasked(err error) bool {
	var u unaskedError
	return errors.As(err, &u) || isOverloaded(err)
}

// isOverloaded says whether the reason of err is ReasonExporterOverloaded.
func isOverloaded(err error) bool { return Reason(err) == ReasonExporterOverloaded }

// IsOurs says whether a failure with this reason is mostly a fault of the exporter or its configuration, as the alerts
// have it: the account, the path, a token server or a redirect that it does not name, a rule for the tag that it pushes, the
// client certificate, a panic. For a pull or a push this holds at its login, at a redirect and for the tag alone: who refuses
// later, or is another host, refuses everybody.
func IsOurs(reason string) bool {
	return slices.Contains([]string{ReasonUnauthorized, ReasonForbidden, ReasonNotFound, ReasonRealmRefused, ReasonRedirectRefused, ReasonPolicy, ReasonTLSClientCert, ReasonPanic}, reason)
}

// IsCertificate says whether an error is about the certificate that the server showed.
func IsCertificate(err error) bool {
	return slices.Contains([]string{ReasonTLSUnknownAuthority, ReasonTLSHostname, ReasonTLSNoIPSAN, ReasonTLSExpired, ReasonTLSNotYetValid, ReasonTLSOther}, Reason(err))
}
