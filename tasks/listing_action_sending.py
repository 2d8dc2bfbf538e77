"""Sending what activates, deactivates, deletes and recovers listings, each with its own outcome (G6, G7, G10, K3).

None of the calls may be repeated blind: a change found in state "sent" is read back first, and sent again only where
the listing still stands as before. A deleted listing stays a row, without its links: its product counts as not
uploaded and may be listed anew. The links are kept in the change that deleted it, so that recovering brings them back.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlmodel import Session, col, select

from clients.errors import AuthorizationError, ConfigurationFault, Rejected, Retryable, ShopError, Uncertain
from clients.tiktok.client import PRODUCTS_PER_BATCH
from clients.tiktok.errors import ERRORS
from clients.tiktok.results import BatchAnswer, ItemError
from models.catalogue import Product
from models.database import database, in_parts
from models.listings import Change, ChangeState, Listing, ListingSku
from rules.listing_actions import (
    ACTIONS,
    WANTED,
    Action,
    Verdict,
    decide_action,
    is_reached,
)
from rules.statuses import status_findings, wants_reasons
from tasks.change_record import Elsewhere, finish, mark_sent, note, unsend
from tasks.listing_actions import KINDS, LIFECYCLE, OPEN, actions_alone, last_deletions, name_of, refusal
from tasks.listing_choice import listing_key
from tasks.report import BatchReport, Failure
from tasks.retrying import on_retryable
from tasks.runs import Run
from tasks.shops import Shops, open_shops, utc_now
from tasks.threads import BatchThreads
from tasks.touched import touch

Row = Mapping[str, Any]

_log = logging.getLogger(__name__)

# Calls, and listings read back, at once; the call budget decides how fast they go.
THREADS: Final = 8
_ACTIONS_OF: Final = {kind: action for action, kind in KINDS.items()}
# "The status forbids it": perhaps because it is there already, so the listing is read back (3.18, 3.22).
_STATUS_FORBIDS: Final = "12052901"
# What reading a single product answers when the shop does not have it (3.22).
_GONE: Final = {"12052031", "12052032", "12052034", "12052048", "12052260"}


@dataclass(slots=True)
class _Work:
    """One change and its listing, as they were when the batch began."""

    change: Change
    listing: Listing

    @property
    def action(self) -> Action:
        return _ACTIONS_OF[self.change.kind]

    @property
    def product_id(self) -> str:
        return self.listing.product_id

    @property
    def name(self) -> str:
        return name_of(self.listing, self.change.id_product)


@dataclass(slots=True)
class _Batch:
    """What the works of one task share. Reports are counted under the interpreter's lock by one thread a chunk."""

    shops: Shops
    stop: list[ShopError] = field(default_factory=list)
    unreachable: list[Retryable] = field(default_factory=list)


@task(name="send listing actions", cache_policy=NO_CACHE, **on_retryable)
def send_actions(run: Run, change_ids: Sequence[int], *, only_look: bool = False) -> BatchReport:
    """Send planned actions, twenty listings a call, each with its own outcome; look first at what may have been sent.

    Args:
        run: the run that sends; any flow's.
        change_ids: of changes of these kinds; those that are no longer open are left out.
        only_look: send nothing; what was sent and does not show yet stays as it is, for a later look.

    Raises:
        AuthorizationError, ConfigurationFault: nothing of the batch can go on.
        Retryable: TikTok Shop could not be reached for any of it; everything stays planned.
    """
    if not change_ids:
        return BatchReport()
    batch = _Batch(open_shops(run.connection_id))
    with actions_alone(run.connection_id):
        works, report = _load(change_ids)
        reports = [report]
        for action in ACTIONS:
            mine = [work for work in works if work.action == action]
            # Where it stands as wanted by the record already, there is nothing to send but something to let go of.
            to_look = [
                work
                for work in mine
                if work.change.state == ChangeState.SENT or work.change.before["status"] == WANTED[action]
            ]
            looked = {work.change.key for work in to_look}
            again, found = _look_first(batch, to_look)
            reports.append(found)
            if only_look:
                found.count("unresolved", len(again))
                found.not_ready += [_no_answer(work) for work in again]
                continue
            to_send = [*again, *(work for work in mine if work.change.key not in looked)]
            reports += _in_chunks(batch, action, to_send)
    if batch.stop:
        raise batch.stop[0]
    report = BatchReport.total(reports)
    if batch.unreachable:
        if report.counts.get("waiting", 0) == len(works):
            raise batch.unreachable[0]
        report.failures.append(Failure.of("TikTok Shop", batch.unreachable[0]))
    return report


def _load(change_ids: Sequence[int]) -> tuple[list[_Work], BatchReport]:
    """The open changes of a batch whose listing still stands as it did when they were planned (K1)."""
    report = BatchReport()
    works: list[_Work] = []
    with database().read() as session:
        changes = [
            change
            for part in in_parts(change_ids)
            for change in session.exec(
                select(Change)
                .where(col(Change.id).in_(part), col(Change.kind).in_(LIFECYCLE), col(Change.state).in_(OPEN))
                .order_by(col(Change.id))
            )
        ]
        listings = {
            listing.key: listing
            for part in in_parts([listing_key(change.object) for change in changes])
            for listing in session.exec(select(Listing).where(col(Listing.id).in_(part)))
        }
    for change in changes:
        listing = listings.get(listing_key(change.object))
        is_current = listing is not None and (
            change.state == ChangeState.SENT or listing.status == change.before["status"]
        )
        if listing is None or not is_current:
            finish(
                change,
                ChangeState.SUPERSEDED,
                code="stands_elsewhere",
                cause="The listing does not stand as it did when this was planned.",
            )
            report.count("superseded")
            continue
        works.append(_Work(change, listing))
    return works, report


def _look_first(batch: _Batch, works: Sequence[_Work]) -> tuple[list[_Work], BatchReport]:
    """What became of changes without an answer; those that did not happen are to be sent again."""
    report = BatchReport()
    to_send = []
    shown = _read(batch, works)
    for work in works:
        row = shown.get(work.product_id)
        if row is None:
            # It cannot be read now. What was never sent stays planned, what was sent stays to be looked up.
            report.count("unresolved" if work.change.state == ChangeState.SENT else "waiting")
            report.not_ready.append(_no_answer(work))
            continue
        status = str(row.get("status") or "")
        if is_reached(work.action, status):
            _confirm(batch.shops, work, row, report)
            continue
        _keep_status(work, row)
        decided = decide_action(work.action, status)
        if decided.verdict is Verdict.SEND:
            to_send.append(work)
        elif decided.verdict is Verdict.REFUSED:
            _park(work, refusal(work.name, decided.finding), report)
        else:
            finish(work.change, ChangeState.SUPERSEDED, code=decided.finding.code, cause=decided.finding.text)
            report.count("superseded")
    return to_send, report


def _no_answer(work: _Work) -> Failure:
    return Failure(
        object=work.name,
        code="unresolved",
        cause="TikTok Shop gave no clear answer, and the listing does not show the change.",
        fix="Nothing to do: the next run of status_sync looks again, and sends it again where it did not happen.",
    )


def _in_chunks(batch: _Batch, action: Action, works: Sequence[_Work]) -> list[BatchReport]:
    chunks = list(in_parts(works, PRODUCTS_PER_BATCH))

    def one(chunk: Sequence[_Work]) -> BatchReport:
        report = BatchReport()
        _send(batch, action, chunk, report)
        return report

    if not chunks:
        return []
    with BatchThreads(min(THREADS, len(chunks)), thread_name_prefix="actions") as pool:
        return list(pool.map(one, chunks))


def _send(
    batch: _Batch, action: Action, works: Sequence[_Work], report: BatchReport, *, once_more: bool = True
) -> None:
    """Send one call and give each of its listings an outcome.

    Args:
        batch: shared by the task.
        action: what to do to them.
        works: at most as many as a call takes.
        report: where outcomes are counted.
        once_more: whether items that TikTok Shop failed on by itself are tried a second time.
    """
    if batch.stop:
        report.count("waiting", len(works))
        return
    sent = [work for work in works if _marked(work, report)]
    if not sent:
        return
    try:
        answer = _call(batch.shops, action)([work.product_id for work in sent])
    except Uncertain as error:
        for work in sent:
            note(work.change, code=error.code, cause=error.cause, request_id=error.request_id)
        report.count("unresolved", len(sent))
    except Rejected as error:
        if len(sent) == 1:
            _park(sent[0], Failure.of(sent[0].name, error), report)
            return
        # One of them spoils the whole call: each is told its own reason.
        for work in sent:
            _send(batch, action, [work], report)
    except Retryable as error:
        batch.unreachable.append(error)
        _wait(sent, error.code, error.cause, report)
    except (AuthorizationError, ConfigurationFault) as error:
        batch.stop.append(error)
        _wait(sent, error.code, error.cause, report)
    except Exception:  # noqa: BLE001  # the boundary of one call
        # A fault of ours with one call must not stop the others; what was sent is looked up by the next run.
        _log.exception("%s: unexpected failure", action)
        for work in sent:
            _broken(work, report)
    else:
        _conclude(batch, action, sent, answer, report, once_more=once_more)


def _call(shops: Shops, action: Action) -> Callable[[Sequence[str]], BatchAnswer]:
    return {
        "activate": shops.tiktok.activate,
        "deactivate": shops.tiktok.deactivate,
        "delete": shops.tiktok.delete,
        "recover": shops.tiktok.recover,
    }[action]


def _marked(work: _Work, report: BatchReport) -> bool:
    """Record that a change is about to be sent; False when it is not to be sent now."""
    try:
        if _is_busy(work.change):
            raise Elsewhere
        if mark_sent(work.change):
            return True
    except Elsewhere:
        cause = "Another change of this listing is on its way."
        note(work.change, code="waiting", cause=cause)
        report.count("waiting")
        report.not_ready.append(
            Failure(object=work.name, code="waiting", cause=cause, fix="It is sent by the next run of listing_actions.")
        )
        return False
    report.count("superseded")
    return False


def _is_busy(change: Change) -> bool:
    """Whether another change of the same listing is under way; of a product's changes `mark_sent` knows itself."""
    with database().read() as session:
        return (
            session.exec(
                select(Change.id).where(
                    Change.connection_id == change.connection_id,
                    Change.object == change.object,
                    Change.state == ChangeState.SENT,
                    Change.id != change.key,
                )
            ).first()
            is not None
        )


def _wait(works: Sequence[_Work], code: str, cause: str, report: BatchReport) -> None:
    """Nothing happened over there: they are simply planned again."""
    for work in works:
        unsend(work.change)
        note(work.change, code=code, cause=cause)
    report.count("waiting", len(works))


def _broken(work: _Work, report: BatchReport) -> None:
    failure = Failure(
        object=work.name,
        code="internal_error",
        cause="The connector failed on this listing in a way it did not foresee.",
        fix="Look into the log of the run and report it; the other listings went on.",
    )
    note(work.change, code=failure.code, cause=failure.cause)
    report.failed(failure, count="unresolved")


def _conclude(
    batch: _Batch, action: Action, works: Sequence[_Work], answer: BatchAnswer, report: BatchReport, *, once_more: bool
) -> None:
    """Each listing's outcome: by the answer where it proves it, by reading back where it does not (K3)."""
    succeeded = set(answer.succeeded)
    errors = {error.object_id: error for error in answer.errors}
    to_look: list[_Work] = []
    later: list[_Work] = []
    for work in works:
        error = _error_of(work, succeeded, errors)
        if error is None and action in ("deactivate", "delete"):
            _confirm(batch.shops, work, {"status": WANTED[action]}, report)
        elif error is None or error.code == _STATUS_FORBIDS or not error.object_id:
            # Where an activated or recovered listing stands now is not in the answer.
            to_look.append(work)
        elif issubclass(error.entry.kind, Retryable):
            later.append(work)
        else:
            _park(work, _item_failure(work, error, answer.request_id), report)
    shown = _read(batch, to_look)
    for work in to_look:
        error = _error_of(work, succeeded, errors)
        row = shown.get(work.product_id)
        if row is not None and is_reached(action, str(row.get("status") or "")):
            _confirm(batch.shops, work, row, report)
        elif row is None or error is None:
            note(
                work.change,
                code="not_shown_yet",
                cause="TikTok Shop took the action, but does not show it yet.",
                request_id=answer.request_id,
            )
            report.count("unresolved")
        else:
            _keep_status(work, row)
            _park(work, _item_failure(work, error, answer.request_id), report)
    if later and once_more:
        _send(batch, action, later, report, once_more=False)
    elif later:
        # Said to pass by itself: they stay planned, for the next run.
        for work in later:
            error = errors[work.product_id]
            _wait([work], error.code, error.entry.cause, report)
            report.not_ready.append(_item_failure(work, error, answer.request_id))


def _error_of(work: _Work, succeeded: set[str], errors: Mapping[str, ItemError]) -> ItemError | None:
    """What was said of one listing; an error without an id may be anybody's who is not named."""
    if work.product_id in succeeded:
        return None
    return errors.get(work.product_id) or errors.get("")


def _item_failure(work: _Work, error: ItemError, request_id: str) -> Failure:
    entry = error.entry
    return Failure(object=work.name, code=error.code, cause=entry.cause, fix=entry.fix, request_id=request_id)


def _park(work: _Work, failure: Failure, report: BatchReport) -> None:
    finish(
        work.change,
        ChangeState.PARKED,
        code=failure.code,
        cause=failure.cause,
        fix=failure.fix,
        request_id=failure.request_id,
    )
    report.failed(failure)


def _read(batch: _Batch, works: Sequence[_Work]) -> dict[str, Row]:
    """What TikTok Shop shows of listings, by its id; those that cannot be read now are missing."""
    if not works or batch.stop:
        return {}

    def one(work: _Work) -> Row | None:
        try:
            return batch.shops.tiktok.product(work.product_id)
        except Rejected as error:
            return {"id": work.product_id, "status": "DELETED"} if error.code in _GONE else None
        except (AuthorizationError, ConfigurationFault) as error:
            batch.stop.append(error)
            return None
        except Retryable as error:
            batch.unreachable.append(error)
            return None

    with BatchThreads(min(THREADS, len(works)), thread_name_prefix="actions") as pool:
        rows = list(pool.map(one, works))
    return {work.product_id: row for work, row in zip(works, rows, strict=True) if row is not None}


# Recording ------------------------------------------------------------------------------------------------------------


def _keep_status(work: _Work, row: Row) -> None:
    """What was read is what is known now, whatever becomes of the change."""
    with database().write() as session:
        _note_status(session.get_one(Listing, work.listing.key), row, utc_now())


def _note_status(listing: Listing, row: Row, now: datetime) -> None:
    listing.status = str(row.get("status") or "")
    if "audit" in row:
        listing.audit_status = str((row["audit"] or {}).get("status") or "")
        listing.update_time = max(listing.update_time, int(row.get("update_time") or 0))
    elif listing.status == "DELETED" and listing.audit_status == "AUDITING":
        # Deleting ends a review; nobody waits for it any more.
        listing.audit_status = "NONE"
    if "audit" in row or listing.status == "DELETED":
        listing.status_reasons = [finding.as_record() for finding in status_findings(row, _explain)]
    elif not wants_reasons(listing.status, listing.audit_status):
        listing.status_reasons = []
    listing.status_at = now


def _explain(code: str) -> tuple[str, str] | None:
    entry = ERRORS.get(code)
    return None if entry is None else (entry.cause, entry.fix)


def _confirm(shops: Shops, work: _Work, row: Row, report: BatchReport) -> None:
    """The action is done: listing, links and change move together or not at all."""
    now = utc_now()
    unlinked: Failure | None = None
    with database().write() as session:
        listing = session.get_one(Listing, work.listing.key)
        change = session.get_one(Change, work.change.key)
        _note_status(listing, row, now)
        if work.action == "delete":
            change.before = {**change.before, "id_product": listing.id_product, "links": _let_go(session, listing)}
        elif work.action == "recover":
            unlinked = _link_again(session, shops, listing, now)
        change.state, change.finished_at = ChangeState.CONFIRMED, now
        change.code = change.cause = change.fix = ""
    report.count("confirmed")
    if unlinked is not None:
        report.count("recovered without its link")
        report.not_ready.append(unlinked)


def _let_go(session: Session, listing: Listing) -> list[list[Any]]:
    """Take the links of a deleted listing: its products count as not uploaded (G10). Answers what was linked:
    [[SKU id, id_product, id_product_attribute, linked by], …]."""
    links: list[list[Any]] = []
    for sku in session.exec(select(ListingSku).where(ListingSku.listing_id == listing.key)):
        if sku.id_product is None:
            continue
        links.append([sku.sku_id, sku.id_product, sku.id_product_attribute, sku.linked_by])
        sku.id_product = sku.id_product_attribute = None
        sku.linked_by = ""
    listing.id_product = None
    return links


def _link_again(session: Session, shops: Shops, listing: Listing, now: datetime) -> Failure | None:
    """Give a recovered listing its links back, but for products that were listed anew or are gone in PrestaShop.

    A product that is gone would be deleted again at once by the price and stock sync.
    """
    deletion = last_deletions(session, shops.id, [f"listing:{listing.key}"]).get(f"listing:{listing.key}")
    remembered = [] if deletion is None else deletion.before.get("links") or []
    skus = {sku.sku_id: sku for sku in session.exec(select(ListingSku).where(ListingSku.listing_id == listing.key))}
    linked = {sku.id_product for sku in skus.values() if sku.id_product is not None}
    wanted = {int(link[1]) for link in remembered if link[0] in skus and skus[link[0]].id_product is None}
    why = {id_product: _why_not(session, shops.id, listing, id_product) for id_product in sorted(wanted)}
    for sku_id, id_product, attribute, linked_by in remembered:
        if id_product in wanted and why[id_product] is None and sku_id in skus:
            sku = skus[sku_id]
            sku.id_product, sku.id_product_attribute, sku.linked_by = id_product, attribute, linked_by
            linked.add(id_product)
    for sku in skus.values():
        # What it offers now is not known to be what should be offered: so it is planned again.
        sku.offered = None
    if listing.id_product is None and len(linked) == 1:
        (only,) = linked
        if deletion is not None and deletion.before.get("id_product") == only:
            listing.id_product = only
    session.flush()
    touch(session, shops.id, linked, "recovered", now)
    return next((failure for failure in why.values() if failure is not None), None)


def _why_not(session: Session, connection_id: int, listing: Listing, id_product: int) -> Failure | None:
    """Why a recovered listing is not linked to a product again; None when it is."""
    name = f"listing {listing.product_id}"
    if session.get(Product, (connection_id, id_product)) is None:
        return Failure(
            object=name,
            code="product_gone",
            cause=f"The listing is back, but product {id_product} is gone in PrestaShop: it is not linked.",
            fix="Link it by hand with: connector links link; or delete it again.",
        )
    anew = session.exec(
        select(ListingSku.id).where(
            ListingSku.connection_id == connection_id,
            ListingSku.id_product == id_product,
            ListingSku.listing_id != listing.key,
        )
    ).first()
    if anew is None:
        return None
    return Failure(
        object=name,
        code="listed_anew",
        cause=f"The listing is back, but product {id_product} was listed anew meanwhile: it is not linked.",
        fix="Leave it off sale or delete it; or unlink the newer listing and link this one.",
    )
