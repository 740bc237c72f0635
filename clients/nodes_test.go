package clients

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"

	"registry_exporter/node"
)

// Would the node pull? The runtime itself and the command node are told the same, and have to say the same.
func TestNodeSaysWhatRuntimesFind(t *testing.T) {
	var mu sync.Mutex
	lines := map[string]string{}
	t.Run("row", func(t *testing.T) {
		for _, row := range nodeRows() {
			t.Run(row.runtime+"/"+row.name, func(t *testing.T) {
				t.Parallel()
				n, err := newNodeSite(row, folder(t))
				if err != nil {
					t.Fatal(err)
				}
				defer n.close()
				v, err := n.nodeVerdict(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				theirs := n.theirs(t.Context())
				if theirs.skipped != "" {
					t.Skip(theirs.skipped)
				}
				mu.Lock()
				lines[row.runtime+"/"+row.name] = fmt.Sprintf("%s\t%s\t%t\t%t\t%s", row.runtime, row.name, theirs.ok(), v.State != node.StateFailed, v.Reason)
				mu.Unlock()
				if pulls := v.State != node.StateFailed; pulls != theirs.ok() {
					t.Errorf("%s pulls: %t (%v), we say %t: %s %s", row.runtime, theirs.ok(), theirs.err, pulls, v.Reason, v.What)
				}
			})
		}
	})
	if *printTable {
		w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, strings.Join([]string{"RUNTIME", "TOLD", "PULLS", "OURS", "REASON"}, "\t"))
		for _, row := range nodeRows() {
			fmt.Fprintln(w, lines[row.runtime+"/"+row.name])
		}
		if err := w.Flush(); err != nil {
			t.Error(err)
		}
	}
}
