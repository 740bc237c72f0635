package registry

import (
	"fmt"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

// findings are what people are told of the files.
func (d diskFiles) findings(res source.Result) (found []source.Finding) {
	for _, file := range res.Where(tlsFileServed, 0, "file") {
		found = append(found, source.Finding{
			State: source.StateWarning, Alert: "RegistryCertificateNotReloaded", What: "the certificate that is served is not that of " + file + ": what serves it was not reloaded",
			Try: "nginx -t && nginx -s reload",
		})
	}
	for _, file := range res.Where(tlsFileComplete, 0, "file") {
		found = append(found, source.Finding{
			State: source.StateWarning, What: "the chain of " + file + " does not lead to a CA that is known here: an intermediate certificate is missing in it",
			Try: "openssl storeutl -noout -text -certs " + file + " | grep -E 'Subject:|Issuer:'",
		})
	}
	for _, file := range append(append([]string{}, d.served...), d.cas...) {
		if _, err := ask.ReadCertificates(file); err != nil {
			found = append(found, source.Finding{State: source.StateWarning, What: fmt.Sprintf("a file of tls cannot be read: %s", err), Try: "ls -lL " + file})
		}
	}
	return found
}
