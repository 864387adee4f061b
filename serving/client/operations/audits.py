"""Operations on the audits of the stored products."""

import os
from collections.abc import Mapping

from serving.api.schemas.jobs import JobOut
from serving.api.schemas.judging.audit import AnyState, AuditsResponse, FindingOut, FindingsResponse
from serving.client.asking import Asking
from serving.client.fields import given
from serving.client.operations.jobs import form
from serving.client.operations.uploads import Content
from serving.client.steps import Request, Steps, operation


class AuditOperations(Asking):
    @operation
    def audits(self) -> Steps[AuditsResponse]:
        """The audits so far, the newest first, and what was said of the last one's findings."""
        return self._ask(AuditsResponse, "GET", "/v1/audit")

    @operation
    def audit(self) -> Steps[JobOut]:
        """Look through all stored products, as a job: the one that is under way, if there is one."""
        return self._ask(JobOut, "POST", "/v1/audit")

    @operation
    def findings(
        self,
        *,
        state: AnyState | None = None,
        code: str | None = None,
        product: str | None = None,
        after: int | None = None,
        limit: int | None = None,
    ) -> Steps[FindingsResponse]:
        """Findings of the last audit, the gravest first; by default those of which nobody has said anything. product:
        an id; after: from the page before.
        """
        query = given(state=state, code=code, product=product, after=after, limit=limit)
        return self._ask(FindingsResponse, "GET", "/v1/audit/findings", query=query)

    @operation
    def accept_finding(self, id: str) -> Steps[FindingOut]:
        """It is so: what is proposed is in the corrections."""
        return self._judge(id, verdict="accepted")

    @operation
    def correct_finding(self, id: str, value: str) -> Steps[FindingOut]:
        """It is so, and this value is in the corrections."""
        return self._judge(id, verdict="corrected", value=value)

    @operation
    def dismiss_finding(self, id: str) -> Steps[FindingOut]:
        """It is no fault, and does not come back."""
        return self._judge(id, verdict="dismissed")

    @operation
    def reopen_finding(self, id: str) -> Steps[None]:
        """Take back what was said of a finding."""
        yield from self._send(Request("DELETE", f"/v1/audit/findings/{id}", repeatable=False))

    @operation
    def corrections(self) -> Steps[bytes]:
        """What was accepted or corrected, as CSV: a patch of the feed."""
        return (yield from self._send(Request("GET", "/v1/audit/patch"))).content

    @operation
    def corrected_feed(
        self,
        file: bytes | str | os.PathLike[str],
        *,
        filename: str | None = None,
        columns: Mapping[str, str] | None = None,
        encoding: str = "",
    ) -> Steps[bytes]:
        """A feed (CSV, TSV, JSON Lines) with these corrections in it, and all else byte for byte as it is. Arguments:
        see `submit_job`.
        """
        content = Content(file, filename)
        said = {"columns": dict(columns or {}), "encoding": encoding}
        request = Request("POST", "/v1/audit/corrected", **form(content, said, content.size))
        return (yield from self._send(request)).content

    def _judge(self, id: str, **said: str) -> Steps[FindingOut]:
        return self._ask(FindingOut, "POST", f"/v1/audit/findings/{id}", json=said)
