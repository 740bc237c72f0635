// The receiver prints the messages of Alertmanager for people to read.
package main

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"time"

	"registry_exporter/demo/notices"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:10502", "where Alertmanager sends to")
	flag.Parse()
	server := &http.Server{Addr: *listen, Handler: notices.Handler(os.Stdout), ReadTimeout: 10 * time.Second}
	fmt.Fprintln(os.Stderr, "receiver:", server.ListenAndServe())
	os.Exit(1)
}
