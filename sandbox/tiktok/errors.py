"""The refusals: platform errors that stop a call, and problems a listing may have (sheet 2.2, 3.22)."""

from dataclasses import dataclass


class ApiError(Exception):
    """A call refused with a code; `http` is the status that goes with it (domain errors come with 200)."""

    def __init__(self, code: int, message: str, http: int = 200) -> None:
        super().__init__(f"{code} {message}")
        self.code, self.message, self.http = code, message, http


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a product body. Create raises the first; listing_check reports them all."""

    code: int
    message: str
    missing: bool = False  # something is not there yet, which a draft may leave out

    def error(self) -> ApiError:
        return ApiError(self.code, self.message)


def invalid_parameter(name: str) -> ApiError:
    return ApiError(36009004, f"Invalid parameter: {name}", 400)


def item_error(code: int, message: str, **detail: object) -> dict[str, object]:
    """An entry of `data.errors[]` under an overall success (sheet 2.1)."""
    return {"code": code, "message": message, "detail": detail}
