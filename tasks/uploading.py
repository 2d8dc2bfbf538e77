"""Sending planned creations and edits, each with its own outcome (design: apply, confirm).

What was recorded before a call is what a later run knows if this process dies in it: a change in state "sent" may or
may not have happened. It is looked up before anything is repeated, and repeated under the same idempotency key.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlmodel import col, select

from clients.errors import AuthorizationError, ConfigurationFault, Rejected, Retryable, ShopError, Uncertain
from models.database import database
from models.listings import Assignment, Change, ChangeKind, ChangeState, Listing, ListingSku
from rules.content import content_hash
from tasks.change_record import Elsewhere, finish, note, note_findings
from tasks.creating import create
from tasks.editing import edit
from tasks.inputs import Inputs, inputs_of
from tasks.planning import decide, load_subjects
from tasks.report import BatchReport, Failure
from tasks.retrying import on_retryable
from tasks.runs import Run
from tasks.shops import Shops, open_shops, utc_now
from tasks.threads import BatchThreads
from tasks.upload_work import NotReady, Outdated, Parked, Waiting, Work

_log = logging.getLogger(__name__)

# Products of one batch worked on at once; the call budget decides how fast they go.
THREADS: Final = 8


class Outcome(StrEnum):
    """What became of a change in this run."""

    CONFIRMED = "confirmed"
    PARKED = "parked"
    SUPERSEDED = "superseded"
    NOT_READY = "not ready after all"
    # Still planned: the platform is reviewing the listing, or could not be reached.
    WAITING = "waiting"
    # Sent without a clear answer; the next run looks first.
    UNRESOLVED = "unresolved"


def changes_to_send(connection_id: int, plan: int | None, product_ids: Sequence[int] | None = None) -> list[int]:
    """Ids of the changes to send: first those whose outcome is unknown, then the planned ones.

    Args:
        connection_id: whose.
        plan: only planned ones of this plan; of all plans when None. Unresolved ones are always among them.
        product_ids: only those of these products.
    """
    with database().read() as session:
        changes = session.exec(
            select(Change.id, Change.state, Change.plan_id, Change.id_product).where(
                Change.connection_id == connection_id,
                col(Change.kind).in_([ChangeKind.CREATE, ChangeKind.EDIT]),
                col(Change.state).in_([ChangeState.PLANNED, ChangeState.SENT]),
            )
        ).all()
    wanted = None if product_ids is None else set(product_ids)
    chosen = sorted(
        (state != ChangeState.SENT, key)
        for key, state, of_plan, id_product in changes
        if key is not None
        and (state == ChangeState.SENT or plan is None or of_plan == plan)
        and (wanted is None or id_product in wanted)
    )
    return [key for _, key in chosen]


@task(name="create and edit listings", cache_policy=NO_CACHE, **on_retryable)
def send_batch(run: Run, change_ids: Sequence[int]) -> BatchReport:
    """Send a batch of changes, some at a time; one bad product never stops the others.

    Raises:
        AuthorizationError, ConfigurationFault: nothing of the batch can go on.
        Retryable: every change of the batch had to wait for a shop that cannot answer now.
    """
    shops = open_shops(run.connection_id)
    inputs = inputs_of(shops, run.plan, utc_now())
    works, report = _load(shops, inputs, change_ids, datetime.fromtimestamp(run.started, UTC))
    stop: list[ShopError] = []
    waiting: list[Retryable] = []

    def one(work: Work) -> tuple[Outcome, Failure | None]:
        if stop:
            return Outcome.WAITING, None
        try:
            return _send(work)
        except (AuthorizationError, ConfigurationFault) as error:
            stop.append(error)
            return Outcome.WAITING, None
        except Retryable as error:
            waiting.append(error)
            return Outcome.WAITING, None
        except Exception:  # noqa: BLE001  # the boundary of one product
            # A fault of ours with one product must not stop the others; what was sent stays to be looked up.
            _log.exception("%s: unexpected failure", work.name)
            return _broken(work)

    with BatchThreads(THREADS, thread_name_prefix="upload") as pool:
        for outcome, failure in pool.map(one, works):
            report.count(outcome.value)
            if failure is not None:
                (report.not_ready if outcome is Outcome.NOT_READY else report.failures).append(failure)
    if stop:
        raise stop[0]
    if waiting and len(waiting) == len(works):
        raise waiting[0]
    report.failures += [Failure.of("TikTok Shop", error) for error in waiting[:1]]
    return report


def _load(shops: Shops, inputs: Inputs, change_ids: Sequence[int], began: datetime) -> tuple[list[Work], BatchReport]:
    report = BatchReport()
    works: list[Work] = []
    with database().read() as session:
        changes = session.exec(select(Change).where(col(Change.id).in_(change_ids))).all()
        ids = [change.id_product for change in changes if change.id_product is not None]
        subjects = {
            subject.product.id_product: subject
            for subject in load_subjects(session, shops.id, ids, shops.settings.products.image_type)
        }
        assignments = {
            row.id_product: row
            for row in session.exec(
                select(Assignment).where(Assignment.connection_id == shops.id, col(Assignment.id_product).in_(ids))
            )
        }
        listings = {
            row.id_product: row
            for row in session.exec(
                select(Listing).where(Listing.connection_id == shops.id, col(Listing.id_product).in_(ids))
            )
        }
        skus: dict[int, list[ListingSku]] = {}
        for sku in session.exec(
            select(ListingSku).where(
                ListingSku.connection_id == shops.id,
                col(ListingSku.listing_id).in_([listing.key for listing in listings.values()]),
            )
        ):
            skus.setdefault(sku.listing_id, []).append(sku)
    for change in sorted(changes, key=lambda one: change_ids.index(one.key)):
        subject = subjects.get(change.id_product or 0)
        assignment = assignments.get(change.id_product or 0)
        listing = listings.get(change.id_product)
        if change.state not in (ChangeState.PLANNED, ChangeState.SENT):
            continue
        if subject is None or assignment is None:
            # The product is gone in PrestaShop. What was never sent is dropped; what may have been sent stays open
            # for the run that deals with deletions.
            if change.state == ChangeState.PLANNED:
                finish(change, ChangeState.SUPERSEDED, code="product_gone", cause="The product is gone in PrestaShop.")
                report.count(Outcome.SUPERSEDED.value)
            else:
                report.count(Outcome.UNRESOLVED.value)
            continue
        works.append(
            Work(
                shops=shops,
                inputs=inputs,
                change=change,
                subject=subject,
                listing=listing,
                skus=skus.get(listing.key, []) if listing else [],
                template_id=assignment.template_id,
                began=began,
            )
        )
    return works, report


def _send(work: Work) -> tuple[Outcome, Failure | None]:
    change = work.change
    try:
        if change.state == ChangeState.PLANNED:
            _check_current(work)
        if change.kind is ChangeKind.CREATE:
            create(work)
        else:
            edit(work)
    except Outdated:
        finish(change, ChangeState.SUPERSEDED)
        return Outcome.SUPERSEDED, None
    except Elsewhere:
        note(change, code="waiting", cause="Another change of this product is on its way.")
        return Outcome.WAITING, None
    except Waiting as waiting:
        note(change, code="waiting", cause=str(waiting))
        return Outcome.WAITING, None
    except NotReady as not_ready:
        first = not_ready.findings[0]
        finish(change, ChangeState.SUPERSEDED, code=first.code, cause=first.text, fix=first.fix)
        note_findings(change, not_ready.findings)
        return Outcome.NOT_READY, Failure(object=work.name, code=first.code, cause=first.text, fix=first.fix)
    except Parked as parked:
        finish(change, ChangeState.PARKED, code=parked.code, cause=parked.cause, fix=parked.fix)
        return Outcome.PARKED, Failure(object=work.name, code=parked.code, cause=parked.cause, fix=parked.fix)
    except Rejected as error:
        finish(
            change,
            ChangeState.PARKED,
            code=error.code,
            cause=error.cause,
            fix=error.fix,
            request_id=error.request_id,
        )
        return Outcome.PARKED, Failure.of(work.name, error)
    except Uncertain as error:
        note(change, code=error.code, cause=error.cause, request_id=error.request_id)
        return Outcome.UNRESOLVED, None
    return Outcome.CONFIRMED, None


def _broken(work: Work) -> tuple[Outcome, Failure]:
    failure = Failure(
        object=work.name,
        code="internal_error",
        cause="The connector failed on this product in a way it did not foresee.",
        fix="Look into the log of the run and report it; the other products went on.",
    )
    with database().read() as session:
        sent = session.get_one(Change, work.change.key).state == ChangeState.SENT
    if sent:
        note(work.change, code=failure.code, cause=failure.cause)
        return Outcome.UNRESOLVED, failure
    finish(work.change, ChangeState.PARKED, code=failure.code, cause=failure.cause, fix=failure.fix)
    return Outcome.PARKED, failure


def _check_current(work: Work) -> None:
    """A stored plan is applied only as far as it still says what should be (K1)."""
    decision = decide(work.shops, work.inputs, work.subject, work.template_id, work.inputs.owners)
    if decision.content is None or content_hash(decision.content) != work.change.after["content_hash"]:
        raise Outdated
    confirmed = work.listing.content_hash if work.listing else None
    if confirmed != work.change.before.get("content_hash"):
        raise Outdated
