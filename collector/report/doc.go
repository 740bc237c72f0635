// Package report puts the results of sources into words for people: as text, as JSON and as the page of the exporter.
// It knows no collector: facts, findings and advice come from the words of each source.
//
//	report.go    Report: the registries, their sources and findings; its fields are the JSON of the command check
//	subject.go   Subject: makes the report on one registry from results
//	summary.go   the last lines of a report: how many failed, and what to look at first
//	narrator.go  the facts and findings of one source
//	advice.go    the likely cause of each reason, and the next command
//	impact.go    what the fault of each alert means for people who pull and push, and which fault comes first
//	text.go      Report.WriteText, for a terminal
//	status.go    Report.WriteStatus, for a browser; status.html is its template
//
// For example, a source that nobody answers becomes this text (ExampleSubject_Report makes it):
//
//	hub  https://registry.example.org
//	  ✗ redis  10.0.0.6:6379     1 ms  refused
//	      ✗ nothing listens at 10.0.0.6:6379: what should listen is stopped, or the port is wrong
//	        Pulls and pushes work, slower.
//	        try: ss -ltnp 'sport = :6379'   # on 10.0.0.6
//	        runbook: RegistryCacheDown
//	        error: connection refused
//
//	1 registry, 1 check, 1 failed: hub redis refused
//	First: hub: nothing listens at 10.0.0.6:6379: what should listen is stopped, or the port is wrong
//	       Pulls and pushes work, slower.
//	       try: ss -ltnp 'sport = :6379'   # on 10.0.0.6
//	       runbook: RegistryCacheDown
package report
