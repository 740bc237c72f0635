package harbor

import (
	"fmt"
	"strings"

	"registry_exporter/collector/source"
)

// rights are what a system robot needs for each path, as Harbor's portal names them. Any account may ask for /systeminfo.
var rights = []struct{ path, right string }{
	{"/jobservice/", "Job Service Monitor: list"},
	{"/system/gc/schedule", "Garbage Collection: read"},
	{"/system/gc", "Garbage Collection: list"},
	{"/registries", "Registry: list"},
	{"/replication/policies", "Replication Policy: list"},
	{"/replication/executions", "Replication: list"},
	{"/quotas", "Quota: list"},
}

// withRight adds to a refusal the right that the path needs.
func withRight(err error, path string) error {
	if source.Reason(err) != source.ReasonForbidden {
		return err
	}
	for _, r := range rights {
		if strings.HasPrefix(path, r.path) {
			return fmt.Errorf("%w, the account needs the right %q", err, r.right)
		}
	}
	return err
}
