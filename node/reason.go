package node

import (
	"slices"

	"registry_exporter/collector/source"
)

// The reasons why a node does not pull, beside those of requests (source.Reason).
const (
	reasonConfigInvalid     = "config_invalid"     // a file that the runtime does not accept
	reasonClientCertificate = "client_certificate" // a client certificate without its key, or the other way round
	reasonBlocked           = "registry_blocked"   // blocked in registries.conf
	reasonPolicy            = "policy_rejects"     // policy.json refuses images of the registry
	reasonLoginMissing      = "login_missing"      // the registry wants a login, and the runtime has none
	reasonNoEndpoint        = "no_endpoint"        // the files leave no address that may be asked for images
)

// reasons are all of the metric registry_node_trust but "none", where the runtime would pull, and "other", for what is none of them.
func reasons() []string {
	return []string{
		reasonConfigInvalid, reasonClientCertificate, reasonBlocked, reasonPolicy, reasonLoginMissing, reasonNoEndpoint,
		source.ReasonDNS, source.ReasonRefused, source.ReasonUnreachable, source.ReasonTimeout, source.ReasonReset,
		source.ReasonTLSUnknownAuthority, source.ReasonTLSHostname, source.ReasonTLSNoIPSAN, source.ReasonTLSExpired, source.ReasonTLSNotYetValid,
		source.ReasonTLSClientCert, source.ReasonTLSOther, source.ReasonHTTPOnHTTPS, source.ReasonHTTPSOnHTTP,
		source.ReasonUnauthorized, source.ReasonForbidden, source.ReasonNotFound, source.ReasonServerError, source.ReasonUnavailable, source.ReasonBadAnswer,
	}
}

// forLabel is a reason of the list, or else "other".
func forLabel(reason string) string {
	if slices.Contains(reasons(), reason) {
		return reason
	}
	return "other"
}
