package client

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

// A known is a cause that registries name in their errors. An answer has this cause when the code of its error is one of
// codes, or when its body has one of words. words are in lower case.
type known struct {
	reason string
	status []int // of the answer; nil: any of 400 and more
	codes  []string
	words  []string
}

// causes has the causes in the order in which they are looked for: words say more than codes, and codes more than the
// status.
var causes = []known{
	{source.ReasonRateLimited, []int{http.StatusTooManyRequests}, nil, []string{""}}, // Google's says "Quota exceeded for quota metric": it is requests that are too many, not bytes
	{source.ReasonRateLimited, nil, nil, []string{"quota metric"}},
	{source.ReasonNoSpace, []int{http.StatusInsufficientStorage}, nil, []string{""}},
	{source.ReasonNoSpace, nil, nil, []string{
		`"err":122}`, `"err":122,`, // EDQUOT
		"quotaexceeded", "storagefull", "minimum free drive threshold", // Ceph and MinIO, inside the detail of the s3 driver
		"no space left", `"err":28}`, `"err":28,`, "errno 28", "enospc", "disk quota exceeded", // 28 is ENOSPC, as Distribution writes the error of its driver
		`"statuscode":413`, `"statuscode":507`, // Swift over its quota, inside Distribution's detail
		"exceed the configured upper limit",                               // Harbor
		"quota exceeded", "exceeds quota", "exceeded quota", "over quota", // Swift, GitLab and others
		"quota has been exceeded", "quota limit", // Quay
		"storage quota", "not enough quota", "sizeoverquota", // IBM Cloud, Harbor of before 1.10, Azure inside the detail of its driver
		"maximum allowed package",          // Gitea and Forgejo: count, size of a type, or storage
		"datastore disk usage is too high", // Artifactory
	}},
	{source.ReasonReadOnly, nil, nil, []string{"read only", "read-only", "readonly"}}, // Harbor, Quay
	{source.ReasonPolicy, []int{http.StatusPreconditionFailed}, nil, []string{""}},    // Harbor
	{source.ReasonPolicy, nil, []string{"PRECONDITION", "TAG_ALREADY_EXISTS"}, []string{
		"immutable", "immutability", // Harbor, ECR, Quay
		"operation is disallowed",                            // ACR, of what is locked
		"cannot be overwritten",                              // ECR
		"does not allow updating", "does not allow overwrit", // Nexus
		"to overwrite artifact", "needs delete permission", // Artifactory, of an account that may deploy and not overwrite
		"protected tag", "tag protection", "protected repository", "protected container", "protection rule", // GitLab
	}},
	{source.ReasonRateLimited, nil, []string{"TOOMANYREQUESTS"}, []string{"toomanyrequests", "too many requests", "rate limit exceeded"}},
	{source.ReasonBodyTooLarge, []int{http.StatusRequestEntityTooLarge}, nil, []string{""}},
	{source.ReasonUploadLost, nil, []string{"BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID"}, nil},
	{source.ReasonMissingBlob, nil, []string{"MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN"}, nil},
	{source.ReasonReadOnly, []int{http.StatusMethodNotAllowed}, []string{"UNSUPPORTED"}, []string{"method not allowed\n"}}, // the words of Distribution's router
}

// is says whether the answer has this cause. body is that of the answer, in lower case and without backslashes.
func (k known) is(a *ask.Answer, code string, body []byte) bool {
	if a.Status < http.StatusBadRequest || k.status != nil && !slices.Contains(k.status, a.Status) {
		return false
	}
	return code != "" && slices.Contains(k.codes, code) || ask.ContainsAny(body, k.words...)
}

// WriteRefusal returns the error of an answer that refuses a write, such as "status 405 to PATCH". Its reason comes from
// the code, the message and the detail of the registry's error, and where they tell nothing from Answer.Refusal.
func WriteRefusal(a *ask.Answer, method string) error {
	err := a.Refusal()
	code, _ := ask.RegistryError(a.Body)
	text, reason := fmt.Sprintf("%s to %s", err, method), source.Reason(err)
	body := bytes.ReplaceAll(bytes.ReplaceAll(bytes.ToLower(a.Body), []byte(`\`), nil), []byte(`": `), []byte(`":`))
	for _, k := range causes {
		if k.is(a, code, body) {
			return source.Failed(k.reason, "%s", text)
		}
	}
	return source.Failed(reason, "%s", text)
}
