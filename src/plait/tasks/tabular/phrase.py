"""A decision, and what a reading of messages still lacks, in words. Nothing here is inferred."""

from collections.abc import Sequence

from plait.core.columns import Scalar
from plait.core.contract import Contract
from plait.core.decision import OperatingPoint
from plait.core.response import Prediction, PredictResponse, Reason
from plait.core.schema import Field, Schema
from plait.tasks.tabular.alias import label
from plait.tasks.tabular.extract import Reading
from plait.tasks.tabular.literal import is_code, is_flag

_VERDICTS = {
    "approve": ("approved", "declined", "approval"),
    "accept": ("accepted", "declined", "acceptance"),
    "admit": ("admitted", "not admitted", "admission"),
    "grant": ("granted", "declined", "the grant"),
}
"""Target -> what is said when it is, when it is not, and what it is called."""

_YES = frozenset({"1", "true", "yes"})
_NO = frozenset({"0", "false", "no"})


def phrase(response: PredictResponse, contract: Contract, schema: Schema) -> str:
    """Return the first prediction of a response in words, with its reasons and its threshold.

    The reasons for the answer given come first: of a refusal those that speak against.

    Args:
        response: of one row.
        contract: tells the target.
        schema: the input of the artefact that answered; tells labels and units.
    """
    prediction = response.predictions[0]
    parts = [_answer(prediction, contract, response.operating_point)]
    helping = [reason for reason in prediction.reasons if reason.contribution > 0]
    against = [reason for reason in prediction.reasons if reason.contribution < 0]
    if helping:
        parts.append(f"Counted for this: {_listed(helping, schema)}.")
    if against:
        parts.append(f"Counted against it: {_listed(against, schema)}.")
    if response.operating_point is not None:
        parts.append(_errors(response.operating_point))
    parts.append("A person can review this.")
    return " ".join(parts)


def ask_for(reading: Reading, most: int) -> str:
    """Return a question for at most `most` of the fields still missing; "" when none is.

    Args:
        reading: of the messages so far.
        most: how many to ask for at a time, at least 1.
    """
    missing = reading.missing
    if not missing:
        return ""
    doubtful = [each for each in missing if each.name in reading.doubts]
    order = [*doubtful, *(each for each in missing if each not in doubtful)][:most]
    lines = [f"- {_wanted(each, reading.doubts.get(each.name, ''))}" for each in order]
    more = len(missing) - len(order)
    rest = f"\nAfter that {more} more." if more else ""
    read = told(reading)
    return (f"{read}\n" if read else "") + "To decide I need:\n" + "\n".join(lines) + rest


def told(reading: Reading) -> str:
    """Return what was read, so that a person can correct it; "" when nothing was."""
    if not reading.found:
        return ""
    said = (
        valued(each, reading.found[each.name].value)
        for each in reading.schema.fields
        if each.name in reading.found
    )
    return f"I read: {'; '.join(said)}."


def valued(field: Field, value: Scalar) -> str:
    """Return a field and its value in words: `debt-to-income ratio 32 percent`."""
    name = label(field)
    if value is None:
        return f"{name} not given"
    if is_flag(field):
        return f"{name}: {'yes' if value else 'no'}"
    shown = f"{value:,.6g}" if isinstance(value, float) else str(value)
    if isinstance(value, int) and not isinstance(value, bool):
        shown = f"{value:,}"
    return f"{name} {shown}{f' {field.unit}' if field.unit else ''}"


def _answer(prediction: Prediction, contract: Contract, point: OperatingPoint | None) -> str:
    """Return what was predicted and how likely it is, or between which numbers."""
    level, target = str(prediction.value).casefold(), contract.target
    if not prediction.probabilities:
        span = prediction.interval
        between = f", between {span[0]:,.6g} and {span[1]:,.6g}" if span else ""
        shown = f"{prediction.value:,.6g}" if isinstance(prediction.value, float) else level
        return f"{target}: {shown}{between}."
    names = _VERDICTS.get(target.casefold())
    if names is None or level not in _YES | _NO:
        chance = prediction.probabilities.get(str(prediction.value))
        return f"{target}: {prediction.value}" + (
            f", with probability {chance:.2f}." if chance is not None else "."
        )
    yes = next((p for each, p in prediction.probabilities.items() if each.casefold() in _YES), None)
    said = names[0] if level in _YES else names[1]
    if yes is None:
        return f"{said.capitalize()}."
    needed = f"; {point.threshold:.2f} is needed" if point is not None else ""
    return f"{said.capitalize()}: the probability of {names[2]} is {yes:.2f}{needed}."


def _errors(point: OperatingPoint) -> str:
    """Return what errors to expect at the threshold in force."""
    return (
        f"At this threshold {point.false_negative_rate:.0%} of the cases that deserve it are "
        f"expected to be turned down, and {point.false_positive_rate:.0%} of the others to pass."
    )


def _listed(reasons: Sequence[Reason], schema: Schema) -> str:
    return "; ".join(valued(schema[reason.feature], reason.value) for reason in reasons)


def _wanted(field: Field, doubt: str) -> str:
    """Return how to say a value of the field, and why it is asked for again."""
    if is_flag(field):
        how = "yes or no"
    elif field.kind == "category":
        how = f"one of {', '.join(field.levels[:6])}"
    elif is_code(field):
        how = f"a whole number from {field.low:g} to {field.high:g}"
    elif field.kind == "number":
        how = f"in {field.unit}" if field.unit else f"such as {_example(field)}"
    else:
        how = "in words" if field.kind == "text" else "as YYYY-MM-DD"
    again = f"; what you wrote is not clear: {doubt}" if doubt else ""
    return f"{label(field)} ({how}){again}"


def _example(field: Field) -> str:
    """Return a round number from within what was seen in training."""
    high = field.high if field.high is not None else 100.0
    low = max(field.low or 0.0, abs(high) / 100.0)
    middle = (low * high) ** 0.5 if high > 0.0 else high
    return f"{float(f'{middle:.1g}'):,g}"
