package harbor

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"registry_exporter/collector/source"
)

const (
	// maxProjects bounds the projects that are shown by name.
	maxProjects = 250
	// maxQuotaPages bounds the pages of quotas: 25,000 projects.
	maxQuotaPages = 250
	// otherProjects is the value of the label project for all the others.
	otherProjects = "other"
)

// A quota is that of one project. A limit of -1 is none.
type quota struct {
	Project struct{ Name string } `json:"ref"`
	Hard    storage               `json:"hard"`
	Used    storage               `json:"used"`
}

// storage is a number of bytes.
type storage struct {
	Bytes float64 `json:"storage"`
}

func (q *quota) fullness() float64 { return q.Used.Bytes / q.Hard.Bytes }

// quotas asks for the quotas of all projects. shown is the number of projects with a limit.
func (j *jobs) quotas(ctx context.Context) (samples []source.Sample, limited int, err error) {
	var all []quota
	_, err = eachPage(ctx, j.api, "/quotas", maxQuotaPages, func(rows []quota) {
		for _, q := range rows {
			if q.Hard.Bytes > 0 && q.Used.Bytes >= 0 {
				all = append(all, q)
			}
		}
	})
	return quotaSamples(all), len(all), err
}

// quotaSamples has the maxProjects fullest projects by name, and the sum of all others.
func quotaSamples(all []quota) []source.Sample {
	slices.SortFunc(all, func(a, b quota) int {
		return cmp.Or(cmp.Compare(b.fullness(), a.fullness()), strings.Compare(a.Project.Name, b.Project.Name))
	})
	var samples []source.Sample
	var other quota
	for i, q := range all {
		if i >= maxProjects || q.Project.Name == otherProjects {
			other.Used.Bytes += q.Used.Bytes
			other.Hard.Bytes += q.Hard.Bytes
			continue
		}
		samples = append(samples, quotaUsed.Sample(q.Used.Bytes, q.Project.Name), quotaLimit.Sample(q.Hard.Bytes, q.Project.Name))
	}
	if other.Hard.Bytes > 0 {
		samples = append(samples, quotaUsed.Sample(other.Used.Bytes, otherProjects), quotaLimit.Sample(other.Hard.Bytes, otherProjects))
	}
	return samples
}
