package e2e

import (
	"encoding/json"
	"fmt"
	"net/url"
)

// query returns the labels of what an instant query finds.
func (s *Stack) query(expr string) ([]map[string]string, error) {
	resp, err := get("http://"+address(s.port("prometheus"))+"/api/v1/query?query="+url.QueryEscape(expr), nil)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Data struct {
			Result []struct {
				Metric map[string]string `json:"metric"`
			} `json:"result"`
		} `json:"data"`
	}
	if err := json.Unmarshal(resp.body, &answer); err != nil {
		return nil, fmt.Errorf("reading Prometheus' answer: %w", err)
	}
	var all []map[string]string
	for _, r := range answer.Data.Result {
		all = append(all, r.Metric)
	}
	return all, nil
}
