package msr

import (
	"context"
	"errors"
	"net/http"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

var (
	scannerEnabled = source.Gauge("registry_msr_scanner_enabled",
		"1 if MSR scans images for vulnerabilities, 0 if that is switched off (/api/v0/imagescan/status).")
	scannerUpdating = source.Gauge("registry_msr_scanner_updating",
		"1 while the vulnerability database is being updated: MSR answers 403 meanwhile, and the other samples of the scanner are those of before (/api/v0/imagescan/status).")
	scannerDBTime = source.Gauge("registry_msr_scanner_db_update_timestamp_seconds",
		"When the vulnerability database was last updated, in seconds since 1970; absent when it never was (/api/v0/imagescan/status: db_updated_at).")
	scannerUpdateFailed = source.Gauge("registry_msr_scanner_db_update_failed",
		"1 if the last update failed of the vulnerability database (part database), or of what people have overridden in it (part overrides) (/api/v0/imagescan/status: lastDBUpdateFailed, lastVulnOverridesDBUpdateFailed).",
		"part")
)

const scannerPath = "/api/v0/imagescan/status"

// A scannerMemory is what the scanner said last: while its database is being updated, it says nothing. It outlives reloads. One
// run at a time uses it.
type scannerMemory struct{ samples []source.Sample }

// readScanner asks how the scanner is. A 403 is that of an update when another list was read with the account in this run,
// and else that of an account without the right.
func (r *listRun) readScanner(ctx context.Context) (note string, err error) {
	return r.readList(ctx, scannerPath, func(a *ask.Answer) (listed, error) {
		code, _ := ask.RegistryError(a.Body)
		switch {
		case a.Status == http.StatusBadRequest && code == "SCANNING_NOT_ENABLED":
			r.scanner.samples = nil
			return listed{[]source.Sample{scannerEnabled.Sample(0)}, "scanning is off"}, nil
		case a.Status == http.StatusForbidden && r.letIn:
			updating := []source.Sample{scannerEnabled.Sample(1), scannerUpdating.Sample(1)}
			return listed{append(updating, r.scanner.samples...), "the database is being updated"}, nil
		case a.Status != http.StatusOK:
			return listed{}, a.Refusal()
		}
		samples, err := parseScanner(a.Body)
		if err != nil && samples == nil {
			return listed{}, err
		}
		if err == nil {
			r.scanner.samples = samples
		}
		return listed{append([]source.Sample{scannerEnabled.Sample(1), scannerUpdating.Sample(0)}, samples...), ""}, err
	})
}

// parseScanner reads {"db_updated_at": "…", "lastDBUpdateFailed": false, …}.
func parseScanner(body []byte) ([]source.Sample, error) {
	d := &decoder{data: body}
	var samples []source.Sample
	flag := func(part string) error {
		if d.null() {
			return nil
		}
		failed, err := d.boolean()
		if err == nil {
			samples = append(samples, scannerUpdateFailed.Sample(source.Bool01(failed), part))
		}
		return err
	}
	isScanner := false
	err := d.object(func(key []byte) error {
		return d.tolerate(func() error {
			switch string(key) {
			case "db_updated_at":
				isScanner = true
				at, err := d.optionalTime()
				if err == nil && !at.IsZero() {
					samples = append(samples, scannerDBTime.Sample(source.Unix(at)))
				}
				return err
			case "lastDBUpdateFailed":
				isScanner = true
				return flag("database")
			case "lastVulnOverridesDBUpdateFailed":
				return flag("overrides")
			}
			return d.skip()
		})
	})
	switch {
	case errors.Is(err, errShape), err == nil && !isScanner:
		return nil, source.Failed(source.ReasonBadAnswer, "not a JSON object with db_updated_at")
	case err != nil:
		return samples, err
	}
	return samples, errors.Join(d.end(), d.oddities())
}
