package report_test

import (
	"fmt"
	"os"
	"time"

	"registry_exporter/collector/report"
	"registry_exporter/collector/source"
)

func ExampleSubject_Report() {
	words := source.Words{Alert: func(*source.View, source.Result) string { return "RegistryCacheDown" }}
	redis := &source.Source{Collector: "redis", Address: "10.0.0.6:6379", Words: words}
	results := []source.Result{{Source: redis, Err: source.Failed(source.ReasonRefused, "connection refused"), Duration: time.Millisecond}}

	hub := report.Subject{Name: "hub", URL: "https://registry.example.org"}
	r := &report.Report{Registries: []*report.RegistryReport{hub.Report(&source.View{Now: time.Now(), Results: results})}}
	r.Summarize()
	if err := r.WriteText(os.Stdout, false); err != nil {
		fmt.Println(err)
	}
	// Output:
	// hub  https://registry.example.org
	//   ✗ redis  10.0.0.6:6379     1 ms  refused
	//       ✗ nothing listens at 10.0.0.6:6379: what should listen is stopped, or the port is wrong
	//         Pulls and pushes work, slower.
	//         try: ss -ltnp 'sport = :6379'   # on 10.0.0.6
	//         runbook: RegistryCacheDown
	//         error: connection refused
	//
	// 1 registry, 1 check, 1 failed: hub redis refused
	// First: hub: nothing listens at 10.0.0.6:6379: what should listen is stopped, or the port is wrong
	//        Pulls and pushes work, slower.
	//        try: ss -ltnp 'sport = :6379'   # on 10.0.0.6
	//        runbook: RegistryCacheDown
}
