package access

import (
	"fmt"

	"registry_exporter/collector/source"
)

// registryLogWords returns the facts and the advice of the collector registry_log.
func registryLogWords() source.Words {
	advice := append([]source.Advice{{
		Reasons: source.ReasonBadAnswer, What: "no line of the registry's log {address} is of the format: registry_log.format is not log.formatter of the registry, or it is another log",
		Try: "tail -n 3 {address}",
	}}, logAdvice("registry's log")...)
	return source.Words{Facts: registryLogFacts, Advice: advice}
}

// registryLogFacts returns facts such as "9000 lines", "12 requests failed: 11 on storage, 1 on other" and "3 layers without a byte".
func registryLogFacts(_ *source.View, res source.Result) []string {
	if len(res.Samples) == 0 {
		return nil
	}
	facts := readFacts(res, registryLines, registryTail.lag)
	if sumOf(res.All(registryErrors)) > 0 {
		facts = append(facts, failedFact(res))
	}
	if n := sumOf(res.All(emptyLayers)); n > 0 {
		facts = append(facts, source.Plural(int(n), "layer without a byte", "layers without a byte"))
	}
	if n, _ := res.Value(registryPanics); n > 0 {
		facts = append(facts, source.Plural(int(n), "panic", "panics"))
	}
	well := 0.0
	for _, s := range res.All(registryRequests) {
		if s.Label("outcome") == "ok" {
			well += s.Value
		}
	}
	if all := sumOf(res.All(registryRequests)); all > 0 && well == 0 {
		facts = append(facts, "no request that went well: log.level of the registry must be info, or nobody knows how many fail")
	}
	return facts
}

// failedFact is a text such as "12 requests failed: 11 on storage, 1 on other".
func failedFact(res source.Result) string {
	byCall := map[string]float64{}
	for _, s := range res.All(registryErrors) {
		byCall[s.Label("call")] += s.Value
	}
	text := source.Plural(int(sumOf(res.All(registryErrors))), "request failed:", "requests failed:")
	comma := ""
	for _, call := range []string{"storage", "redis", "auth", "other"} {
		if byCall[call] > 0 {
			text += fmt.Sprintf("%s %.0f on %s", comma, byCall[call], call)
			comma = ","
		}
	}
	return text
}
