"""The PrestaShop address of an order: every field within its limits, nothing of what the buyer wrote lost
(prestashop-webservice.md 2.10; tiktok-shop-api.md 4.7).

What a field refuses or has no room for goes on in the next one, at last in `other`. Reasons and findings are stored
in the open: they say what was done, never a name, street or number.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from models.settings import OrderSettings
from rules.buyers import fitted_name, split_name
from rules.corrections import CORRECTABLE, check_corrections, with_corrections
from rules.decision import Decision, Finding, Reason
from rules.order_stage import SHIPPED
from rules.recipients import (
    hides_anything,
    hides_place,
    merge_recipient,
    recipient_record,
    street_lines,
    usable,
)
from rules.regions import Place, Record, find_country, find_state, is_on, number, place_of
from rules.shop_fields import (
    ALIAS,
    CITY,
    DNI,
    MASK,
    NAME,
    OTHER,
    STREET,
    fit,
    fit_phone,
    fit_postcode,
    holds,
    part_at_word,
    stand_in_postcode,
    tidy,
)
from rules.tiktok_order import Recipient, TikTokOrder

__all__ = (
    "CORRECTABLE",
    "AddressFields",
    "NoAddress",
    "address_alias",
    "address_fields",
    "check_corrections",
    "hides_anything",
    "merge_recipient",
    "nobody_ships",
    "recipient_record",
    "usable",
    "with_corrections",
)

_STAND_IN_CITY: Final = "TikTok Shop"
# Plainly no number, and long enough for what checks the length.
_STAND_IN_PHONE: Final = "0000000000"
# PHP takes "0" for empty where a VAT number frees of tax, and for filled where a field is required.
_STAND_IN_VAT: Final = "0"
_DASH: Final = "-"
_ORDER: Final = "TikTok Shop order"


@dataclass(frozen=True, slots=True)
class AddressFields:
    """The address as PrestaShop takes it, but its customer. `id_state` is 0 where the country has none."""

    fields: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class NoAddress:
    """Why there is none yet, and which fields a person may correct to mend it."""

    findings: tuple[Finding, ...]
    correctable: tuple[str, ...] = ()


def address_alias(order_id: str) -> str:
    """The alias of the order's address, unique to it: by it an address is found again."""
    prefix = "TikTok "
    return prefix + fit(order_id, ALIAS)[-(ALIAS.size - len(prefix)) :]


def nobody_ships(order: TikTokOrder) -> bool:
    """Whether no parcel is addressed with what PrestaShop has: TikTok's labels or warehouses, or shipped already."""
    return order.shipping_type == "TIKTOK" or order.by_tiktok or order.status in SHIPPED


def address_fields(
    order: TikTokOrder,
    settings: OrderSettings,
    *,
    countries: Iterable[Record],
    states: Iterable[Record],
    recipient: Recipient | None = None,
    required: Mapping[str, Collection[str]] | None = None,
    corrections: Mapping[str, str] | None = None,
) -> Decision[AddressFields | NoAddress]:
    """The address of an order, or what keeps it from being made.

    Args:
        order: as TikTok Shop tells it.
        settings: of the connection.
        countries, states: records of these resources.
        recipient: the one that is kept of the order, where it differs from what the order says now.
        required: fields the merchant made obligatory, by resource.
        corrections: fields a person gave, over what was read (K7).
    """
    given = corrections or {}
    faults = check_corrections(given)
    if faults:
        return Decision(NoAddress(faults, tuple(name for name in given if name in CORRECTABLE)))
    whose = order.recipient if recipient is None else recipient
    stand_in = nobody_ships(order)
    waiting = None if stand_in else _waits(whose, given)
    if waiting is not None:
        return Decision(waiting)
    draft = _Draft(order, whose, stand_in=stand_in)
    texts = with_corrections(draft.texts(), given)
    if given:
        draft.tell("corrected", f"entered by a person: {', '.join(sorted(given))} (K7)")
    fields = draft.checked(texts, settings, countries, states, given)
    if draft.findings:
        return Decision(NoAddress(tuple(draft.findings), tuple(draft.correctable)), tuple(draft.reasons))
    _fill_required(draft, fields, frozenset((required or {}).get("addresses", ())))
    return Decision(AddressFields(fields), tuple(draft.reasons))


def _waits(recipient: Recipient, given: Mapping[str, str]) -> NoAddress | None:
    """Nothing to go on with as long as it is masked, unless a person gave what is."""
    if recipient == Recipient() and not given:
        text = "TikTok Shop tells no address of this order yet."
        fix = "Wait until it does: the order then goes on by itself. Or enter the address by hand."
        return NoAddress((Finding("address_missing", text, fix),), CORRECTABLE)
    needed: set[str] = set()
    if MASK in recipient.name + recipient.first_name + recipient.last_name:
        needed |= {"firstname", "lastname"}
    if hides_place(recipient):
        needed |= {"address1", "city"}
        if MASK in recipient.postal_code:
            needed.add("postcode")
    missing = tuple(name for name in CORRECTABLE if name in needed and name not in given)
    if not missing:
        return None
    text = "TikTok Shop hides the buyer's name or address at the moment."
    fix = f"Wait until it can be read: the order then goes on by itself. Or enter by hand: {', '.join(missing)}."
    return NoAddress((Finding("masked", text, fix),), missing)


class _Draft:
    """The texts of one address as they come together, and what there is to say about it."""

    def __init__(self, order: TikTokOrder, recipient: Recipient, *, stand_in: bool) -> None:
        self._order, self._recipient, self._stand_in = order, recipient, stand_in
        self._place: Place = place_of(recipient)
        self._notes: list[str] = []
        self.reasons: list[Reason] = []
        self.findings: list[Finding] = []
        self.correctable: list[str] = []

    def tell(self, code: str, text: str) -> None:
        self.reasons.append(Reason(code, text))

    def refuse(self, name: str, finding: Finding) -> None:
        self.findings.append(finding)
        self.correctable.append(name)

    def texts(self) -> dict[str, str]:
        """All fields out of what TikTok Shop tells, in characters and lengths PrestaShop takes."""
        if self._stand_in and hides_anything(self._recipient):
            self.tell("masked_stand_in", "TikTok Shop hides the address, which no parcel needs: stand-ins for it (K18)")
        street, over = self._street()
        texts = {
            **street,
            "city": self._city(),
            "postcode": self._postcode(),
            "company": "",
            "country": self._recipient.country,
            "state": self._place.state,
            "dni": "",
        }
        if over:
            self._notes.append(f"Address: {over}")
            self.tell("street_long", "the street is longer than both lines: it goes on in the field other")
        texts |= {**self._name(), "phone": self._phone()}
        drop_off = self._recipient.drop_off
        if drop_off.strip() and MASK not in drop_off:
            self._notes.append(f"Drop-off: {drop_off}")
        lines, detail = self._recipient.lines, self._recipient.address_detail
        told = " ".join((*lines, *self._place.street, *self._place.rest, self._place.city, self._place.state))
        if any(line.strip() for line in lines) and MASK not in detail and not holds(told, detail):
            self._notes.append(f"Address: {detail}")
        return texts

    def checked(
        self,
        texts: Mapping[str, str],
        settings: OrderSettings,
        countries: Iterable[Record],
        states: Iterable[Record],
        given: Mapping[str, str],
    ) -> dict[str, Any]:
        """The fields to send; what is missing or unknown is found."""
        country = find_country(countries, texts["country"])
        if isinstance(country, Finding):
            self.refuse("country", country)
            country = {}
        id_state = self._state(country, states, texts, given) if country else 0
        postcode = texts["postcode"]
        form, iso = str(country.get("zip_code_format") or ""), str(country.get("iso_code") or "")
        if "postcode" not in given and self._stand_in and (MASK in self._recipient.postal_code or not postcode):
            if is_on(country.get("need_zip_code")) or postcode:
                postcode = stand_in_postcode(self._recipient.postal_code, form, iso)
                self.tell("postcode_stand_in", "the postcode is masked or missing: filled up to the country's form")
        elif not postcode and is_on(country.get("need_zip_code")):
            self._missing("postcode", f"{iso} needs a postcode and the address has none")
        if not texts["city"]:
            self._missing("city", "The address names no city")
        if not texts["address1"]:
            self._missing("address1", "The address has no street")
        if not self._stand_in and not any(split_name(self._recipient)) and "lastname" not in given:
            self._missing("lastname", "The address has no name")
        dni = texts["dni"]
        if not dni and is_on(country.get("need_identification_number")):
            dni = self._dni(settings)
        fields = {name: text for name, text in texts.items() if name not in ("country", "state")}
        return {
            "alias": address_alias(self._order.id),
            **fields,
            "postcode": postcode,
            "dni": dni,
            "id_country": number(country.get("id")),
            "id_state": id_state,
            "other": self._other(fields, state_told=bool(id_state) or "state" in given),
        }

    def _missing(self, name: str, text: str) -> None:
        code = {"address1": "street", "lastname": "name"}.get(name, name)
        self.refuse(name, Finding(f"address_{code}_missing", f"{text}.", f"Enter {name}."))

    def _name(self) -> dict[str, str]:
        first, last = split_name(self._recipient)
        fitted_first, fitted_last, reasons = fitted_name(first, last, NAME)
        self.reasons += reasons
        for text in (self._recipient.name, self._recipient.first_name, self._recipient.last_name):
            if MASK not in text and not holds(f"{fitted_first} {fitted_last} {' '.join(self._notes)}", text):
                self._notes.append(f"Name: {tidy(text)}")
                self.tell("name_in_other", "the name as the buyer wrote it stands in the field other")
        return {"firstname": fitted_first, "lastname": fitted_last}

    def _street(self) -> tuple[dict[str, str], str]:
        """Both lines, and what they have no room for."""
        recipient = self._recipient
        lines = street_lines(recipient)
        clear = [text for line in lines if MASK not in line and (text := tidy(line))]
        texts = [text for line in clear if (text := fit(line, STREET))]
        if texts != clear:
            self.tell("street_cleaned", "characters PrestaShop refuses in streets were replaced")
        if self._stand_in and (not texts or any(MASK in line for line in lines)):
            texts.insert(0, fit(f"{_ORDER} {self._order.id}", STREET))
        elif texts and not any(line.strip() for line in (*recipient.lines, recipient.address_detail)):
            self.tell("street_from_full_address", "the address comes in one piece: all of it is the street")
        if not texts:
            return {"address1": "", "address2": ""}, ""
        known = " ".join((*clear, self._place.city))
        texts += [fit(name, STREET) for name in self._place.street if not holds(known, name)]
        first, rest = part_at_word(texts[0], STREET.size)
        second, over = part_at_word(", ".join(text for text in (rest, *texts[1:]) if text), STREET.size)
        return {"address1": first, "address2": second}, over

    def _city(self) -> str:
        city, over = part_at_word(fit(self._place.city, CITY), CITY.size)
        if over:
            self._notes.append(f"City: {over}")
            self.tell("city_long", f"the city is longer than {CITY.size} characters: it goes on in the field other")
        if self._place.guessed:
            self.tell("city_guessed", "no district says the city: it was taken from the full address")
        if not city and self._stand_in:
            self.tell("city_stand_in", f"the city cannot be read: {_STAND_IN_CITY} stands for it")
            return _STAND_IN_CITY
        return city

    def _postcode(self) -> str:
        given = "" if MASK in self._recipient.postal_code else tidy(self._recipient.postal_code)
        kept, whole = fit_postcode(given)
        if not whole:
            self._notes.append(f"Postcode: {given}")
            self.tell("postcode_cleaned", "the postcode is not of a form PrestaShop takes: as given it stands in other")
        return kept

    def _phone(self) -> str:
        given = tidy(self._recipient.phone)
        if MASK in given:
            self.tell("phone_masked", "TikTok Shop hides the phone number: it is left out")
            return ""
        kept, whole = fit_phone(given)
        if not whole:
            self._notes.append(f"Phone: {given}")
            self.tell(
                "phone_cleaned", "the phone number is not of a form PrestaShop takes: as given it stands in other"
            )
        return kept

    def _state(
        self, country: Record, states: Iterable[Record], texts: Mapping[str, str], given: Mapping[str, str]
    ) -> int:
        """The shop's id of the state; where the country has none, what the address says of it is a district."""
        if not is_on(country.get("contains_states")):
            return 0
        code = texts["state"] if "state" in given else self._place.state_code
        found = find_state(country, states, code, texts["state"])
        if not isinstance(found, Finding):
            return number(found.get("id"))
        if self._stand_in:
            self.tell("state_left_out", "the state cannot be told, and no parcel needs it")
        else:
            self.refuse("state", found)
        return 0

    def _dni(self, settings: OrderSettings) -> str:
        """C10: the fixed one, else the order's id."""
        fixed = re.sub(r"[^0-9A-Za-z.-]", "", settings.dni)[: DNI.size]
        if fixed:
            self.tell("dni_fixed", "the country needs an identity number: the one of the settings (C10)")
            return fixed
        self.tell("dni_order_id", "the country needs an identity number: the end of the TikTok order id (C10)")
        return re.sub(r"[^0-9A-Za-z]", "", self._order.id)[-DNI.size :] or "0"

    def _other(self, fields: Mapping[str, str], *, state_told: bool) -> str:
        """What has no field of its own, the order's number first."""
        told = " ".join((fields["address1"], fields["address2"], fields["city"], *self._notes))
        state = () if state_told else (self._place.state,)
        districts = [name for name in (*state, *self._place.rest) if name and not holds(told, name)]
        notes = [f"{_ORDER} {self._order.id}", *self._notes]
        if districts:
            notes.append(f"Districts: {', '.join(districts)}")
        text, lost = part_at_word("\n".join(fit(note, OTHER) for note in notes), OTHER.size)
        if lost:
            gone = (
                f"{len(lost)} characters did not fit into the field other: they stand with the order in the connector"
            )
            self.tell("other_full", gone)
        return text


def _fill_required(draft: _Draft, fields: dict[str, Any], required: frozenset[str]) -> None:
    """Stand-ins for what the shop requires and the buyer did not give."""
    phone = fields["phone"] or _STAND_IN_PHONE
    fillers = {
        "phone": phone,
        "phone_mobile": phone,
        "company": _DASH,
        "vat_number": _STAND_IN_VAT,
        "address2": _DASH,
        "postcode": _DASH,
        "dni": "0",
    }
    for name in sorted(required & fillers.keys()):
        if not fields.get(name):
            fields[name] = fillers[name]
            draft.tell("required_filled", f"the shop requires {name} of addresses: filled with a stand-in")
