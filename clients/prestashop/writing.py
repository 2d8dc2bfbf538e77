"""Everything that is written to a shop. Nothing here is repeated: a write without a clear answer is `Uncertain`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from clients.errors import AccessDenied, ConfigurationFault, Rejected
from clients.prestashop import errors
from clients.prestashop.bodies import Unreadable, fill, serialised, write_xml, xml_root, xml_rows
from clients.prestashop.filters import MAX_VALUES
from clients.prestashop.reading import Reads, unreadable
from clients.prestashop.records import Record
from clients.prestashop.resources import Resource
from clients.prestashop.resources import resource as resource_row
from clients.prestashop.status import has_patch

# PATCH is unknown to the shop, not granted to the key, or stopped by the web server: nothing happened.
_NO_PATCH = frozenset({"23", "25", "http-405"})
_ONE_AT_A_TIME = frozenset({"orders"})


class Writes(Reads):
    """The writing half of the client."""

    def create(self, resource: str, fields: Mapping[str, Any], *, send_email: bool = False) -> Record:
        """A new object; what the shop answers, which for orders echoes the request: read those back.

        Left-out fields are stored empty, not with the defaults of the back office (fact sheet section 1.6).

        Args:
            fields: values by name; {language id: text} with every language; {"associations": {name: [row, …]}}.
            send_email: let the shop mail the customer (`order_histories` only).

        Raises:
            Uncertain: it may have been created.
        """
        row = resource_row(resource)
        self._all_languages(row, fields)
        body = write_xml(row, [(None, fields)], self._zone_for(row, fields))
        return self._written("POST", row, row.name, body, send_email)[0]

    def create_many(self, resource: str, objects: Sequence[Mapping[str, Any]]) -> list[Record]:
        """New objects by one request; what the shop answers, in the order sent (fact sheet section 11.3).

        Measured to be safe for addresses, carts, specific_prices and order_histories. There is no transaction.

        Raises:
            ValueError: for orders, of which several in one body break after some were made.
            PartlyStored: one of several was refused; those before it are stored.
            Uncertain: some or all may have been created.
        """
        row = resource_row(resource)
        if row.name in _ONE_AT_A_TIME:
            raise ValueError(f"{row.name} cannot be created several at a time")
        if not objects:
            return []
        for fields in objects:
            self._all_languages(row, fields)
        body = write_xml(row, [(None, fields) for fields in objects], self._zone_for(row, *objects))
        return self._written("POST", row, row.name, body, count=len(objects))

    def update(
        self,
        resource: str,
        id: int,
        fields: Mapping[str, Any],
        *,
        send_email: bool = False,
    ) -> Record:
        """Change these fields of an object and leave the others.

        By PATCH; where that is not possible (1.7.8, or not granted) by reading the object and putting it back whole.

        Raises:
            AccessDenied: only PATCH would be safe here and it is not possible.
            Uncertain: it may have been changed.
        """
        row = resource_row(resource)
        self._all_languages(row, fields)
        if has_patch(self._transport.version):
            body = write_xml(row, [(int(id), fields)], self._zone_for(row, fields))
            try:
                return self._written("PATCH", row, f"{row.name}/{int(id)}", body, send_email)[0]
            except (AccessDenied, Rejected, ConfigurationFault) as fault:
                if fault.code not in _NO_PATCH:
                    raise
        if row.put_loses:
            raise errors.error("put-not-safe", f"PUT {row.name}/{id}: {row.put_loses}")
        return self._written("PUT", row, f"{row.name}/{int(id)}", self._whole(row, id, fields), send_email)[0]

    def update_many(self, resource: str, changes: Mapping[int, Mapping[str, Any]]) -> list[Record]:
        """Change these fields of these objects; what the shop answers, in the order given.

        By one PATCH of all; where that is not possible (1.7.8, or not granted) one by one as by `update`.

        Raises:
            AccessDenied: only PATCH would be safe here and it is not possible.
            PartlyStored: one of several was refused; those before it are changed.
            Uncertain: some or all may have been changed.
        """
        row = resource_row(resource)
        for fields in changes.values():
            self._all_languages(row, fields)
        if len(changes) > 1 and has_patch(self._transport.version):
            objects = [(int(id_), fields) for id_, fields in changes.items()]
            body = write_xml(row, objects, self._zone_for(row, *changes.values()))
            try:
                return self._written("PATCH", row, row.name, body, count=len(changes))
            except (AccessDenied, Rejected, ConfigurationFault) as fault:
                if fault.code not in _NO_PATCH:
                    raise
        return [self.update(resource, id_, fields) for id_, fields in changes.items()]

    def delete(self, resource: str, ids: Sequence[int]) -> None:
        """Delete these objects.

        Raises:
            Rejected: code 87, one of them does not exist; the shop then deleted none.
            Uncertain: some may have been deleted.
        """
        row = resource_row(resource)
        for start in range(0, len(ids), MAX_VALUES):
            part = [int(id_) for id_ in ids[start : start + MAX_VALUES]]
            if len(part) == 1:
                self._transport.exchange("DELETE", f"{row.name}/{part[0]}")
            else:
                self._transport.exchange("DELETE", row.name, {"id": f"[{','.join(map(str, part))}]"})

    def _written(
        self, method: str, row: Resource, path: str, body: bytes, send_email: bool = False, *, count: int = 1
    ) -> list[Record]:
        """The objects as the shop answers them, as many as were sent."""
        try:
            answer = self._transport.exchange(method, path, {"sendemail": "1"} if send_email else None, body)
        except Rejected as fault:
            if count == 1 or not errors.of_one_object(fault):
                raise
            raise errors.partly_stored(fault) from None
        try:
            found = xml_rows(answer.content)
        except Unreadable as fault:
            raise unreadable(method, path, fault) from None
        if len(found) != count:
            raise errors.truncated(method, path)
        return self._normaliser(row, "full")(found)

    def _whole(self, row: Resource, id_: int, fields: Mapping[str, Any]) -> bytes:
        """The object as it is, with the new values, without what a PUT refuses or would damage."""
        path = f"{row.name}/{int(id_)}"
        try:
            root = xml_root(self._repeated(partial(self._transport.exchange, "GET", path)).content)
        except Unreadable as fault:
            raise unreadable("GET", path, fault) from None
        entity = root[0]
        for node in list(entity):
            name = str(node.tag)
            # Associations that are not sent stay as they are; an empty default image would remove the cover.
            emptied_cover = name == "id_default_image" and not node.text
            if name == "associations" or name in row.read_only or emptied_cover:
                entity.remove(node)
        fill(entity, row, fields, self._zone_for(row, fields))
        return serialised(root)

    def _zone_for(self, row: Resource, *objects: Mapping[str, Any]) -> ZoneInfo | None:
        timed = any(row.fields.get(name) == "time" and value for fields in objects for name, value in fields.items())
        return self.zone() if timed else None

    def _all_languages(self, row: Resource, fields: Mapping[str, Any]) -> None:
        """A language left out would be stored empty."""
        for name, value in fields.items():
            if isinstance(value, Mapping) and row.fields.get(name) == "languages":
                left_out = set(self.languages()) - set(value)
                if left_out:
                    raise ValueError(f"{name} of {row.name} would lose its text in languages {sorted(left_out)}")
