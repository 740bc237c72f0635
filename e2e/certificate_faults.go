package e2e

// certificateFaults are registries that no client reaches: each has a certificate that clients refuse, or an address where nobody
// speaks the protocol of its URL.
var certificateFaults = []Fault{
	{Name: "certificate-expired", Alerts: []string{"page RegistryCertificateEnded x-expired"}, Silenced: []string{"RegistryDown x-expired"}, Asks: "x-expired", Bad: []string{"api_up front-expired", "tls_verified front-expired"}, Fails: []string{"api front-expired: tls_expired"}, Values: untrusted},
	{Name: "certificate-expired-at-a-passive-site", Alerts: []string{"ticket RegistryPassiveSiteCertificateBad x-passive"}, Silenced: []string{"RegistryPassiveSiteDown x-passive"}, Asks: "x-passive", Bad: []string{"api_up front-expired", "tls_verified front-expired"}, Fails: []string{"api front-expired: tls_expired"}, Values: untrusted, CI: true, CIAlerts: true},
	{Name: "certificate-wrong-name", Alerts: []string{"page RegistryCertificateNotTrusted x-wrong-name"}, Silenced: []string{"RegistryDown x-wrong-name"}, Asks: "x-wrong-name", Bad: []string{"api_up front-wrong-name", "tls_verified front-wrong-name"}, Fails: []string{"api front-wrong-name: tls_hostname"}, Values: untrusted},
	{Name: "certificate-without-ip", Alerts: []string{"page RegistryCertificateNotTrusted x-no-ip-san"}, Silenced: []string{"RegistryDown x-no-ip-san"}, Asks: "x-no-ip-san", Bad: []string{"api_up front-no-ip-san", "tls_verified front-no-ip-san"}, Fails: []string{"api front-no-ip-san: tls_no_ip_san"}, Values: untrusted},
	{Name: "certificate-unknown-ca", Alerts: []string{"page RegistryCertificateNotTrusted x-unknown-ca"}, Silenced: []string{"RegistryDown x-unknown-ca"}, Asks: "x-unknown-ca", Bad: []string{"api_up front-unknown-ca", "tls_verified front-unknown-ca"}, Fails: []string{"api front-unknown-ca: tls_unknown_authority"}, Values: untrusted},
	{Name: "http-on-tls-port", Alerts: []string{"page RegistryDown x-http-on-tls"}, Asks: "x-http-on-tls", Bad: []string{"api_up front-good"}, Fails: []string{"api front-good: http_on_https"}},
	{Name: "tls-on-http-port", Alerts: []string{"page RegistryDown x-tls-on-http"}, Asks: "x-tls-on-http", Bad: []string{"api_up registry-unchecked"}, Fails: []string{"api registry-unchecked: https_on_http"}},
	{Name: "no-such-host", Alerts: []string{"page RegistryDown x-no-such-host"}, Asks: "x-no-such-host", Bad: []string{"api_up registry.invalid:443"}, Fails: []string{"api registry.invalid:443: dns"}},
}

// untrusted has the sample of a page about a certificate that is refused.
var untrusted = map[string]float64{`registry_tls_verified{role="front"}`: 0}
