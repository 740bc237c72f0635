// Package ask sends the requests of all collectors: to registries, and to the systems behind them, over HTTP. It keeps
// the secrets for them, and bounds the answers.
//
//	builder.go      Builder: makes the sources of one registry from its configuration
//	client.go       Client: asks one address, with the names of the front, on a new connection each time
//	transport.go    the connection: it ends with the context of its request, at the latest; conn.go: its errors
//	ca.go           CAs: the CA files of a configuration, each read once
//	tls_files.go    the files of tls_config, which are bounded, too
//	budget.go       Budget: what the requests of all registries share, and when it was not enough; slots.go: how many are under
//	                way, and which is next; slot.go: one of them; bodies.go: the memory of large answers
//	answer.go       Answer: a response and its body, which is bounded
//	refusal.go      the error of an answer with a status that nobody wants; request_error.go: of no answer at all
//	store.go        marks requests to a store, whose refusals are about no account of ours
//	json.go         errors of JSON that repeat nothing of the answer
//	account.go      Account: a client and its credentials
//	credentials.go  the credentials of http_headers, basic_auth and authorization; oauth2.go: of oauth2
//	challenge.go    WWW-Authenticate; token.go gets the token that a bearer challenge wants; scope.go: what it is good for
//	realm.go        which token servers may have the password; front.go: backends get it only as the front does;
//	                elsewhere.go: where redirects may lead; nat64.go: addresses of IPv4 in IPv6;
//	                host.go: whether two hosts are the same, or of one domain
//	secret.go       Secret: read when used, masked as long as it may be seen; secret_file.go: the one in a file; secrets.go:
//	                all of a registry
//	lockout.go      Lockout: does not send a refused secret again for some time
//	place.go        the curl command that sends the same request
//
// A source asks, and takes the refusal for its error unless the status is one that it knows:
//
//	func (p *ping) read(ctx context.Context) ([]source.Sample, error) {
//		a, err := p.client.Get(ctx, p.client.Login, "/_ping", ask.MaxSmallBody)
//		if err = a.OrRefusal(err, http.StatusOK); err != nil {
//			return nil, err
//		}
//		…
//	}
package ask
