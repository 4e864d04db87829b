"""Every error plait raises on purpose.

- PlaitError
  - UserError: the caller can mend it
    - InvalidSettings: a file of settings, a flag, an environment variable
    - InvalidData: a file or table of data
    - InvalidRequest: one request
    - UnknownName: a name that nothing bears
    - NotAllowed: no key, a wrong key, a key without the scope
    - MissingExtra: an optional library is not installed
  - Refused: plait understood and declined, by a rule or a guard
  - BudgetExceeded: the request's deadline, money or tokens are spent
  - Cancelled: the caller left or asked to stop
  - EngineError: an artefact could not be loaded or run
  - StoreError: what outlives the process could not be read or written
  - OriginError: a file could not be fetched from any of its origins
  - JobError: long work failed or was lost

Each class has a table of the codes it may carry, and names the transient ones among them. A code is
stable and belongs to one class: callers may branch on it. HTTP statuses are looked up in
`plait.serve` alone.
"""

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from reprlib import Repr
from typing import ClassVar


class PlaitError(Exception):
    """An error with a stable code, a place and a way out.

    Attributes:
        code: stable name of this failure, one of the class's `codes`.
        message: what is wrong, with the offending value.
        where: file and line, field, or name that is at fault; empty when there is none.
        hint: what to do about it.
    """

    codes: ClassVar[Mapping[str, str]] = {}
    transient: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, code: str, message: str, *, where: str = "", hint: str = "") -> None:
        if code not in self.codes:
            raise KeyError(f"{type(self).__name__} declares no code {code!r}")
        super().__init__(code, message)  # with these and the attributes it crosses processes
        self.code = code
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.message}" + (f" ({self.hint})" if self.hint else "")

    @property
    def retryable(self) -> bool:
        """Whether the same call may succeed later, unchanged."""
        return self.code in self.transient


class UserError(PlaitError):
    """Something the caller can mend."""


class InvalidSettings(UserError):
    """A file of settings, a flag or an environment variable is wrong."""

    codes: ClassVar[Mapping[str, str]] = {
        "settings_missing": "there is no plait.yaml in the folder",
        "settings_unreadable": "the file of settings cannot be read",
        "settings_syntax": "the file of settings is not valid YAML",
        "settings_unknown_key": "a key that plait does not know",
        "settings_missing_key": "a key that is required is absent",
        "settings_wrong_type": "a value of the wrong type",
        "settings_wrong_value": "a value outside what is allowed",
        "settings_newer": "the project was made by a newer plait",
        "address_in_use": "another process listens on that address",
        "address_needs_key": "a public address needs an API key first",
        "folder_in_use": "the folder already holds a project or other files",
        "folder_unwritable": "the folder of a project cannot be made or written",
    }


class InvalidData(UserError):
    """A file or table of data cannot be used as it is."""

    codes: ClassVar[Mapping[str, str]] = {
        "data_missing": "no file, table or query answers to that name",
        "data_unreadable": "the file exists but cannot be opened",
        "data_empty": "there are no rows, or there is no text",
        "data_unwritable": "the file cannot be written",
        "data_format": "the file is not what its name says, or cannot be parsed",
        "data_encoding": "the text is neither UTF-8 nor a declared encoding",
        "data_too_large": "the file is larger than the limit",
        "data_duplicate_column": "two columns bear one name",
        "data_column_missing": "a column that the contract or an artefact names is absent",
        "data_target_missing": "the target is not a column",
        "data_target_kind": "the target is a time, infinite or beyond 1e150: none is predicted",
        "data_target_constant": "the target has one value only",
        "data_too_small": "too few rows, or too few of a class, to compare anything",
        "data_no_features": "no usable feature is left",
        "data_time_duplicate": "a time stands twice in one series",
        "data_time_uneven": "times of a series are no even steps, or most steps are missing",
        "data_prediction": "a prediction is not finite or not of the truth's shape",
        "data_connection": "the database could not be reached or refused the query",
    }


class InvalidRequest(UserError):
    """One request cannot be understood."""

    codes: ClassVar[Mapping[str, str]] = {
        "request_not_json": "the body is not JSON",
        "request_shape": "the body is JSON, but not of the documented shape",
        "request_unsupported": "the body asks for something that is not served",
        "request_too_large": "the body is larger than the limit",
        "request_method": "the address does not take that method",
        "prompt_too_long": "the prompt is longer than the model can read",
        "request_upstream": "the model's server does not take the request as it is",
        "row_unknown_field": "a row has a field the contract does not know",
        "row_missing_field": "a row lacks a field the contract requires",
        "row_wrong_type": "a field has a value of the wrong type",
        "row_not_finite": "a field is infinite, or too large to be a number",
        "history_empty": "the history of a forecast holds no number",
        "horizon_too_long": "a forecast of more steps is asked for than the contract trained",
    }


class UnknownName(UserError):
    """Nothing bears that name.

    Attributes:
        nearest: the nearest known name, or None.
    """

    codes: ClassVar[Mapping[str, str]] = {
        "unknown_contract": "no contract of that name",
        "unknown_metric": "no metric of that name serves the problem",
        "unknown_component": "no component of that name in the table",
        "unknown_decision": "no decision of that id",
        "unknown_collection": "no collection of that name",
        "unknown_document": "no document of that name or id in the collection",
        "unknown_flow": "no flow of that name",
        "unknown_model": "no model or flow of that name",
        "unknown_prompt": "no prompt of that name",
        "unknown_request": "no recorded request of that id",
        "unknown_artefact": "no artefact of that id",
        "unknown_dataset": "no dataset of that id",
        "unknown_job": "no job of that id",
        "unknown_key": "no API key of that id",
        "unknown_catalogue_row": "the catalogue has no row of that name",
        "unknown_route": "no such address",
        "not_trained": "the contract exists, but nothing answers for it yet",
    }

    def __init__(
        self,
        code: str,
        message: str,
        *,
        where: str = "",
        hint: str = "",
        nearest: str | None = None,
    ) -> None:
        super().__init__(code, message, where=where, hint=hint)
        self.nearest = nearest

    @classmethod
    def of(
        cls, code: str, kind: str, name: str, known: Collection[str], where: str = ""
    ) -> "UnknownName":
        """Build the error for `name`, naming the nearest of `known` or listing a few."""
        message = f"no {kind} named {shown(name)}"
        hint = suggestion(name, known) or f"there is no {kind} yet"
        return cls(code, message, where=where, hint=hint, nearest=nearest_of(name, known))


class NotAllowed(UserError):
    """The caller may not do this."""

    codes: ClassVar[Mapping[str, str]] = {
        "key_missing": "this server asks for an API key",
        "key_unknown": "the API key is unknown, expired or revoked",
        "key_scope": "the API key lacks the scope",
    }


class MissingExtra(UserError):
    """An optional library is not installed."""

    codes: ClassVar[Mapping[str, str]] = {
        "missing_extra": "install the extra that the message names"
    }


class Refused(PlaitError):
    """plait understood the wish and declined it."""

    codes: ClassVar[Mapping[str, str]] = {
        "contract_unmet": "no candidate is within every limit and requirement",
        "rerun_differs": "running the evidence again gave another evidence id or winner",
        "guard_refused": "a guard refused what was asked or answered",
        "privacy_stays": "content so private may not go to a model on another machine",
        "restore_refused": "the backup does not fit this store",
        "export_refused": "the artefact cannot be exported so, or the export answers otherwise",
        "import_refused": "a model from elsewhere cannot be taken over as it is",
    }


class BudgetExceeded(PlaitError):
    """The request's budget does not allow the next step."""

    codes: ClassVar[Mapping[str, str]] = {
        "deadline_exceeded": "the deadline has passed",
        "cost_exceeded": "the money is spent or reserved",
        "tokens_exceeded": "the tokens are spent or reserved",
    }


class Cancelled(PlaitError):
    """The caller left or asked to stop."""

    codes: ClassVar[Mapping[str, str]] = {"cancelled": "the work was cancelled"}


class EngineError(PlaitError):
    """An artefact could not be loaded or run."""

    codes: ClassVar[Mapping[str, str]] = {
        "artefact_damaged": "a file of the artefact is missing or differs from its hash",
        "artefact_format": "the artefact has a format or engine this plait does not run",
        "engine_failed": "the engine failed while running",
        "engine_stopped": "the engine's process ended in mid-answer; the next request starts it",
        "upstream_unreachable": "the model's server cannot be reached",
        "upstream_failed": "the model's server failed, is too busy, or fell silent",
        "upstream_garbled": "what came from the model's server is not the protocol it should speak",
        "upstream_refused": "the model's server refuses the key, or does not know the model",
        "component_api": "a plug-in was written for another version of plait",
        "component_broken": "a plug-in cannot be imported, or is not what it should be",
    }
    transient: ClassVar[frozenset[str]] = frozenset(
        {"engine_stopped", "upstream_unreachable", "upstream_failed"}
    )


class StoreError(PlaitError):
    """What outlives the process could not be read or written."""

    codes: ClassVar[Mapping[str, str]] = {
        "store_in_use": "another server uses this store",
        "store_busy": "another writer held the store for too long",
        "store_damaged": "the store file is not a database or fails its check",
        "store_newer": "the store was written by a newer plait",
        "store_read_only": "the store cannot be written",
        "store_full": "the disk is full",
        "store_unreachable": "the store cannot be opened",
        "store_conflict": "an immutable row is kept already, with another content",
        "blob_missing": "a stored file is missing or differs from its hash",
        "cache_unwritable": "the cache of weights and sample data cannot be written",
    }
    transient: ClassVar[frozenset[str]] = frozenset({"store_busy"})


class OriginError(PlaitError):
    """A file could not be fetched from any of its origins."""

    codes: ClassVar[Mapping[str, str]] = {
        "origin_unreachable": "no origin answered: there may be no network",
        "origin_changed": "an origin answered with other bytes than the catalogue states",
    }
    transient: ClassVar[frozenset[str]] = frozenset({"origin_unreachable"})


class JobError(PlaitError):
    """Long work failed or was lost."""

    codes: ClassVar[Mapping[str, str]] = {
        "job_failed": "the job ended with an unexpected error",
        "job_lost": "the process of the job died more often than it may",
    }


_LONGEST_NAME = 100


def nearest_of(name: str, known: Collection[str]) -> str | None:
    """Return the known name most like `name`, or None when none is near or `name` is no name."""
    if len(name) > _LONGEST_NAME:
        return None
    found = get_close_matches(name, known, n=1, cutoff=0.6)
    return found[0] if found else None


def suggestion(name: str, known: Collection[str]) -> str:
    """Return a hint: the nearest known name, or else a few of them; "" when none is known."""
    nearest = nearest_of(name, known)
    if nearest:
        return f"did you mean {nearest!r}?"
    few = ", ".join(sorted(known)[:8])
    return f"known: {few}{' ...' if len(known) > 8 else ''}" if known else ""


_BRIEF = Repr()
_BRIEF.maxlevel, _BRIEF.maxstring, _BRIEF.maxlong, _BRIEF.maxother = 2, 60, 60, 60


def shown(value: object) -> str:
    """Return `value` as a message shows it: short, however long or deeply nested it is."""
    try:
        text = _BRIEF.repr(value)
    except ValueError:  # Python refuses to write out a number of thousands of digits
        return "a very large number"
    return text if len(text) <= 60 else text[:57] + "..."


def every_error() -> list[type[PlaitError]]:
    """Return each class of the tree that carries codes, in the order of this file."""
    found: list[type[PlaitError]] = []
    todo: list[type[PlaitError]] = [PlaitError]
    while todo:
        kind = todo.pop(0)
        if kind.codes:
            found.append(kind)
        todo = kind.__subclasses__() + todo
    return found
