package harbor

import (
	"context"

	"registry_exporter/collector/source"
)

// maxTargets bounds the registries to which Harbor replicates, or from which. It is one page.
const maxTargets = pageSize

// targets asks which of them Harbor reached at its last check.
func (h *hub) targets(ctx context.Context) ([]source.Sample, error) {
	var rows list[struct{ Name, Status string }]
	if _, err := h.get(ctx, "/registries?page_size=100", &rows); err != nil {
		return nil, err
	}
	var samples []source.Sample
	for _, row := range rows[:min(len(rows), maxTargets)] {
		if row.Status == "healthy" || row.Status == "unhealthy" {
			samples = append(samples, targetHealthy.Sample(source.Bool01(row.Status == "healthy"), row.Name))
		}
	}
	return samples, nil
}
