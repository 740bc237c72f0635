package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// healthTime bounds a health check, which asks this machine and nothing else.
const healthTime = 3 * time.Second

// healthcheck asks the exporter that was started with the same flags whether it is alive.
func healthcheck(f *flags, stdout, stderr io.Writer) int {
	url := ownURL(*f.web.WebListenAddresses, *f.web.WebConfigFile, "localhost") + "/-/healthy"
	answer, err := askHealth(url)
	if err != nil {
		fmt.Fprintf(stderr, "registry_exporter: unhealthy: %s\n", err)
		return 1
	}
	fmt.Fprintf(stdout, "healthy: %s: %s\n", url, answer)
	return 0
}

// certificateRequired is how a server of TLS 1.3 refuses a client without a certificate.
const certificateRequired = "tls: certificate required"

// askHealth returns nil when the exporter answers. So does one that wants a password or a client certificate, which a health check
// does not have.
func askHealth(url string) (answer string, err error) {
	resp, err := healthClient().Get(url)
	if alert := new(net.OpError); errors.As(err, &alert) && alert.Op == "remote error" && alert.Err.Error() == certificateRequired {
		return certificateRequired, nil
	}
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusUnauthorized {
		return "", fmt.Errorf("%s: %s", url, resp.Status)
	}
	return resp.Status, nil
}

// healthClient asks the address without a proxy. It does not verify the certificate, which is for another name than the address:
// the request stays on this machine and has no secret.
func healthClient() *http.Client {
	return &http.Client{
		Timeout:       healthTime,
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
