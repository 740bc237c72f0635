package collector

// Rows of advice about writing to a registry.
var writeAdvice = []advice{
	slowStore,
	{reasons: reasonForbidden, what: "the account is let in, but has no right to {image}", try: tryPull},
	{reasons: reasonNotFound, what: "the registry does not know {image}: the repository has to be made first, or the name is misspelt", try: tryRequest},
	shortBlob, damagedBlob,
	{reasons: reasonUploadLost, what: "an upload that was begun is not known a moment later: backends without the same http secret or the same store, and a front that alternates between them", try: tryRequest},
	{reasons: reasonReadOnly, what: "the registry is read-only: a garbage collection runs, or somebody set it", try: tryRequest},
	{reasons: reasonNoSpace, what: "the store is full: nothing can be pushed until space is made", try: "df -h   # on the servers of the store"},
}

func (p *push) words() words {
	return words{
		place: p.writesTo(p.Repository).always(),
		alert: p.alert,
		advice: append([]advice{
			{
				reasons: reasonForbidden, when: func(res result) bool { return res.failedAt("cancel") }, try: tryRequest,
				what: "the account may push, but not take back what it began, so each push would leave an upload behind: give it the right to delete, or set mode: image",
			},
			{reasons: reasonWriteAccepted, what: "this site is passive, and took a write all the same: what is pushed here is lost or overwritten by replication", try: tryRequest},
		}, writeAdvice...),
	}
}

// writesTo is the place of a repository that is written to.
func (a *account) writesTo(repository string) place {
	p := a.at("/v2/")
	p.image = a.url.Host + "/" + repository
	return p
}

func (p *push) alert(v *view, res result) string {
	switch why := reason(res.err); {
	case isOurs(why):
		return cannotLook
	case why == reasonReadOnly:
		return p.readOnlyAlert
	case why == reasonWriteAccepted:
		return "RegistryPassiveSiteTakesWrites"
	case v.passive:
		return "RegistryPassiveSiteProbeFails"
	}
	return "RegistryPushFails"
}

// readOnlyAlert is the alert about a registry that refuses writes: an MSR has one of its own.
func readOnlyAlert(b *builder) string {
	if b.MSR != nil {
		return "MSRReadOnly"
	}
	return "RegistryReadOnly"
}
