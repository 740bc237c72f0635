package harbor

import (
	"context"

	"registry_exporter/collector/source"
)

// Harbor has 13 queues, and a pool for each jobservice.
const (
	maxQueues = 50
	maxPools  = 50
)

// pools asks for the workers of each jobservice.
func (h *hub) pools(ctx context.Context) ([]source.Sample, error) {
	var rows list[struct {
		ID          string  `json:"worker_pool_id"`
		Concurrency float64 `json:"concurrency"`
		Heartbeat   moment  `json:"heartbeat_at"`
	}]
	if _, err := h.get(ctx, "/jobservice/pools", &rows); err != nil {
		return nil, err
	}
	var samples []source.Sample
	for _, row := range rows[:min(len(rows), maxPools)] {
		samples = append(samples, workers.Sample(max(0, row.Concurrency), row.ID))
		if at := row.Heartbeat.time(); !at.IsZero() {
			samples = append(samples, heartbeat.Sample(source.Unix(at), row.ID))
		}
	}
	return samples, tooMany(len(rows), maxPools, "/jobservice/pools")
}

// queues asks for what waits in each queue. A queue at rest has neither count nor latency: both are 0.
func (h *hub) queues(ctx context.Context) ([]source.Sample, error) {
	var rows list[struct {
		Type    string  `json:"job_type"`
		Count   float64 `json:"count"`
		Latency float64 `json:"latency"`
		Paused  bool    `json:"paused"`
	}]
	if _, err := h.get(ctx, "/jobservice/queues", &rows); err != nil {
		return nil, err
	}
	samples := []source.Sample{queueCount.Sample(float64(len(rows)))}
	for _, row := range rows[:min(len(rows), maxQueues)] {
		samples = append(samples,
			queueJobs.Sample(max(0, row.Count), row.Type), queueLatency.Sample(max(0, row.Latency), row.Type),
			queuePaused.Sample(source.Bool01(row.Paused), row.Type))
	}
	return samples, tooMany(len(rows), maxQueues, "/jobservice/queues")
}

// tooMany is an error with reason too_large when a list has more rows than are read.
func tooMany(rows, most int, path string) error {
	if rows <= most {
		return nil
	}
	return source.Failed(source.ReasonTooLarge, "%s: %d rows, of which %d are read", path, rows, most)
}
