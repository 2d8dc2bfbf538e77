"""doctor: whether the installation and both shops of a connection are set up rightly (look → judge → table)."""

from __future__ import annotations

from prefect import flow

from flows.time_limits import FREQUENT
from tasks import doctor as looking
from tasks.report import RunResult
from tasks.runs import ends_in_words, publish, publish_table, run_alone


@flow(name="doctor", flow_run_name="doctor of {connection}", persist_result=False, timeout_seconds=FREQUENT)
@ends_in_words(RunResult)
def doctor(connection: str = "") -> RunResult:
    """Check the installation and both shops: what passes, what to look at, what is wrong and its fix. Changes nothing.

    Args:
        connection: name of the connection; may be left out when there is only one.
    """
    with run_alone("doctor", connection, {}, dry_run=False, turn="doctor", without_authorization=True) as run:
        findings = [
            *looking.examine_installation(),
            *looking.examine_prestashop(run.connection_id),
            *looking.examine_tiktok(run.connection_id),
        ]
        report = looking.report_of(findings)
        publish(run, report, [], dry_run=False)
        publish_table(run, "findings", looking.finding_rows(findings), "What the doctor found")
        return RunResult.of(run.connection, run.plan, report)
