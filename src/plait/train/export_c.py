"""A model as one C99 file that needs no library but libm.

It is made for whoever links it into a device: a struct with a named member per field, no memory
taken, nothing written but the answer, all numbers constant, so that they can stay in flash.
"""

import math
import re
from collections.abc import Iterable, Iterator

from plait.core.schema import Field
from plait.engines.pipeline import Calibration, NumberCode, OneHotCode, OrdinalCode
from plait.train.export_formula import c_formulas
from plait.train.export_model import Node, Part, PlainModel, Trees, Weights, refused

SUFFIX = ".c"
MOST_SHORT = 32_767

RESERVED = frozenset(
    re.findall(
        r"\w+",
        """auto bool break case catch char class const continue default delete do double else enum
        errno explicit export extern false float for friend goto if inline int linux long mutable
        namespace new operator private protected public register restrict return short signed sizeof
        static struct switch template this throw true try typedef typename union unix unsigned using
        virtual void volatile while xor and or not bitand bitor compl
        asm constexpr decltype nullptr typeid typeof""",
    )
)
"""Words of C and C++ that no member may be called, and what some compilers define."""


def write(model: PlainModel) -> bytes:
    """Return the file.

    Raises:
        Refused: `export_refused`, when a level holds a NUL, which ends a string in C.
    """
    writer = _Writer(model)
    return "\n".join([*writer.declarations(), *writer.definitions(), ""]).encode("ascii")


def identifiers(names: Iterable[str], prefix: str) -> list[str]:
    """Return a C identifier per name, all unlike: ASCII letters, digits and `_`, lower case.

    A name of which nothing is left becomes `<prefix>_<number>`.
    """
    found: list[str] = []
    for number, name in enumerate(names, 1):
        word = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
        if not word or not word[0].isalpha() or word in RESERVED:
            word = f"{prefix}_{word or number}"
        unlike, count = word, 2
        while unlike in found:
            unlike, count = f"{word}_{count}", count + 1
        found.append(unlike)
    return found


def is_number(field: Field) -> bool:
    """Tell whether a field is a double in C, and no string."""
    return field.kind in ("number", "boolean")


_INDEX = """\
/* The index of a text: -1 when it is none of the levels, -2 when it is missing. */
static int index_of(const char *text, const char *const *levels)
{
    int at;
    if (text == NULL)
        return -2;
    for (at = 0; levels[at] != NULL; at++)
        if (strcmp(text, levels[at]) == 0)
            return at;
    return -1;
}
"""

_ORDINAL = """\
static double ordinal(int at, double unknown)
{
    return at >= 0 ? at : at == -1 ? unknown : NAN;
}
"""

_TREES = """\
static void part_{part}(const double *row, double *score)
{{
    double x[{width}];
    int at, tree;
    for (at = 0; at < {width}; at++)
        x[at] = row[at] >= -{zero} && row[at] <= {zero} ? 0.0 : row[at];
{absent}    for (at = 0; at < {scores}; at++)
        score[at] = 0.0;
    for (tree = 0; tree < {trees}; tree++) {{
        at = ROOTS_{part}[tree];
        while (at >= 0) {{
            const struct node *node = &NODES_{part}[at];
            const double value = x[node->position];
            at = value <= node->threshold ? node->yes : value == value ? node->no : node->missing;
        }}
        score[tree % {scores}] += LEAVES_{part}[-1 - at];
    }}
{link}}}
"""

_LOG_ODDS = """\
    score[0] = fmin(fmax(score[0], {floor}), {ceiling});
    score[0] = log(score[0] / (1.0 - score[0]));
"""

_LOGARITHMS = """\
    for (at = 0; at < {scores}; at++)
        score[at] = log(fmax(score[at], {floor}));
"""

_WEIGHTS = """\
static void part_{part}(const double *x, double *score)
{{
    int at, each;
    for (each = 0; each < {scores}; each++) {{
        score[each] = INTERCEPT_{part}[each];
        for (at = 0; at < {width}; at++)
            score[each] += WEIGHTS_{part}[each][at] * x[POSITIONS_{part}[at]];
    }}
}}
"""

_CONSTANT = """\
static void part_{part}(const double *x, double *score)
{{
    (void)x;
    memcpy(score, INTERCEPT_{part}, sizeof INTERCEPT_{part});
}}
"""

_ADDED = """\
    part_{part}(x, score);
    for (at = 0; at < {scores}; at++)
        total[at] += {weight} * score[at];"""

_BINARY = """\
    odds = {slope} * total[0] + {offset};
    if (!isfinite(odds))
        return -1;
    line = 0;
    while (line + 1 < {lines} && odds >= LINES[line + 1][0])
        line++;
    odds = LINES[line][2] + (odds - LINES[line][1]) * LINES[line][3];
    power = exp(-fabs(odds)); /* never overflows, and keeps the digits of a small probability */
    likely = 1.0 / (1.0 + power);
    unlikely = power / (1.0 + power);
    answer->probability[0] = odds >= 0.0 ? unlikely : likely;
    answer->probability[1] = odds >= 0.0 ? likely : unlikely;
    answer->prediction = answer->probability[1] >= {threshold};
    return 0;
"""

_MULTICLASS = """\
    for (at = 0; at < {classes}; at++) {{
        total[at] = {slope} * total[at] + OFFSETS[at];
        if (!isfinite(total[at]))
            return -1;
        if (at == 0 || total[at] > top)
            top = total[at];
    }}
    for (at = 0; at < {classes}; at++) {{
        answer->probability[at] = exp(total[at] - top);
        sum += answer->probability[at];
    }}
    answer->prediction = 0;
    for (at = 0; at < {classes}; at++) {{
        answer->probability[at] /= sum;
        if (answer->probability[at] > answer->probability[answer->prediction])
            answer->prediction = at;
    }}
    return 0;
"""

_LOCALS = {
    "binary": "    double odds, power, likely, unlikely;\n    int line;",
    "multiclass": "    double top = 0.0, sum = 0.0;",
}


class _Writer:
    """Writes a model down, part by part."""

    def __init__(self, model: PlainModel) -> None:
        self._model = model
        (self._name,) = identifiers([model.name], "model")
        names = [field.name for field in model.input.fields]
        trees = [part for part in model.parts if isinstance(part, Trees)]
        sizes = [max(len(part.nodes), len(part.leaves)) for part in trees]
        small = max([model.pipeline.width, *sizes]) < MOST_SHORT
        self._whole = "short" if small else "int"
        self._members = dict(zip(names, identifiers(names, "field"), strict=True))

    def declarations(self) -> Iterator[str]:
        """Yield what a caller sees."""
        name, model, upper = self._name, self._model, self._name.upper()
        yield _banner(name, upper, model.artefact)
        yield f"#ifndef {upper}_H\n#define {upper}_H\n"
        yield "/* One row; a member that is not said to be missing at times must have a value. */"
        yield f"struct {name}_row {{"
        for field in model.input.fields:
            kind = "double " if is_number(field) else "const char *"
            yield f"    {kind}{self._members[field.name]}; /* {_note(field)} */"
        yield "};\n"
        yield f"struct {name}_answer {{"
        if model.labels:
            count = len(model.labels)
            yield f"    int prediction; /* index in {name}_levels */"
            yield f"    double probability[{count}]; /* of each level, in their order */"
        else:
            yield "    double prediction;"
            if model.half_width is not None:
                yield "    double lower; /* the interval */\n    double upper;"
        yield "};\n"
        if model.labels:
            yield f"extern const char *const {name}_levels[{len(model.labels)}];\n"
        yield f"int {name}_predict(const struct {name}_row *row, struct {name}_answer *answer);\n"
        yield f"#endif /* {upper}_H */\n"

    def definitions(self) -> Iterator[str]:
        """Yield what computes."""
        name, model = self._name, self._model
        yield f"#ifndef {name.upper()}_DECLARATIONS\n"
        yield "#include <math.h>\n#include <stddef.h>\n#include <string.h>\n"
        yield '#ifdef __FAST_MATH__\n#error "missing is NaN: leave -ffast-math out"\n#endif\n'
        if model.labels:
            listed = ", ".join(map(_text, model.labels))
            yield f"const char *const {name}_levels[{len(model.labels)}] = {{{listed}}};\n"
        if model.formulas:
            yield from c_formulas(model, f"{name}_row", self._members, _text, _number)
        yield from self._encode()
        trees = [part for part in model.parts if isinstance(part, Trees)]
        if trees:
            yield "/* Asks x[position] <= threshold; next is a node, or -1 - leaf. */"
            yield "struct node {\n    double threshold;"
            yield f"    {self._whole} position, yes, no, missing;\n}};\n"
        for number, part in enumerate(model.parts):
            yield from self._part(number, part)
        yield from self._predict()
        yield f"\n#endif /* {name.upper()}_DECLARATIONS */"

    def _part(self, number: int, part: Part) -> Iterator[str]:
        """Yield the tables of a part of the model, and the function that scores a row by it."""
        if isinstance(part, Weights):
            yield _table(f"static const double INTERCEPT_{number}[]", map(_number, part.intercept))
            if not part.positions:
                yield _CONSTANT.format(part=number)
                return
            weights = (f"{{{', '.join(map(_number, row))}}}" for row in part.coefficients)
            size = f"[{part.scores}][{len(part.positions)}]"
            yield _table(f"static const double WEIGHTS_{number}{size}", weights)
            yield _table(f"static const int POSITIONS_{number}[]", map(str, part.positions))
            yield _WEIGHTS.format(part=number, scores=part.scores, width=len(part.positions))
            return
        nodes = map(_node, part.nodes or [Node(0, 0.0, 0, 0, 0)])
        yield _table(f"static const struct node NODES_{number}[]", nodes)
        yield _table(f"static const {self._whole} ROOTS_{number}[]", map(str, part.roots))
        yield _table(f"static const double LEAVES_{number}[]", map(_number, part.leaves))
        absent = (f"    if (x[{at}] == 0.0)\n        x[{at}] = NAN;\n" for at in part.zero_missing)
        yield _TREES.format(
            part=number,
            width=self._model.pipeline.width,
            zero=_number(part.zero),
            absent="".join(absent),
            scores=part.scores,
            trees=len(part.roots),
            link=_link(part),
        )

    def _encode(self) -> Iterator[str]:
        """Yield the function that turns a row into numbers."""
        name, codes = self._name, list(self._model.starts())
        if not codes:
            return
        texts = [code for _, code in codes if not isinstance(code, NumberCode)]
        for start, code in codes:
            if not isinstance(code, NumberCode):
                levels = [*map(_text, code.levels), "NULL"]
                yield _table(f"static const char *const LEVELS_{start}[]", levels)
        if texts:
            yield _INDEX
        if any(isinstance(code, OrdinalCode) for code in texts):
            yield _ORDINAL
        yield f"static void encode(const struct {name}_row *row, double *x)\n{{"
        if any(isinstance(code, NumberCode) for _, code in codes):
            yield "    double value;\n    int missing;"
        if any(isinstance(code, OneHotCode) for _, code in codes):
            yield f"    int at;\n    for (at = 0; at < {self._model.pipeline.width}; at++)"
            yield "        x[at] = 0.0;"
        for start, each in codes:
            yield from self._encoded(start, each)
        yield "}\n"

    def _encoded(self, start: int, code: NumberCode | OrdinalCode | OneHotCode) -> Iterator[str]:
        member = self._members.get(code.column, "")  # none of what is computed, always a number
        if not isinstance(code, NumberCode):
            index = f"index_of(row->{member}, LEVELS_{start})"
            if isinstance(code, OneHotCode):
                last = len(code.levels)
                yield f"    at = {index};\n    x[{start} + (at < 0 ? {last} : at)] = 1.0;"
            else:
                unknown = _number(code.unknown)
                yield f"    x[{start}] = ordinal({index}, {unknown});"
            return
        equal = "".join(f" || value == {_number(each)}" for each in code.sentinels)
        fill = "NAN" if code.fill is None else _number(code.fill)
        computed = [formula.name for formula in self._model.formulas]
        value = f"derived_{computed.index(code.column)}(row)" if not member else f"row->{member}"
        yield f"    value = {value};\n    missing = value != value{equal};"
        filled = f"(missing ? {fill} : value)"
        yield f"    x[{start}] = ({filled} - {_number(code.shift)}) / {_number(code.scale)};"
        if code.indicator:
            yield f"    x[{start + 1}] = missing ? 1.0 : 0.0;"

    def _predict(self) -> Iterator[str]:
        """Yield the function that a caller calls."""
        name, model, pipeline = self._name, self._model, self._model.pipeline
        calibrate = pipeline.calibrate or Calibration()
        if pipeline.problem == "binary":
            lines = [f"{{{', '.join(map(_number, line))}}}" for line in model.lines]
            yield _table("static const double LINES[][4]", lines)
        elif pipeline.problem == "multiclass":
            offsets = calibrate.offsets or (0.0,) * len(pipeline.classes)
            yield _table("static const double OFFSETS[]", map(_number, offsets))
        yield f"int {name}_predict(const struct {name}_row *row, struct {name}_answer *answer)\n{{"
        zeros = ", ".join(["0.0"] * model.scores)
        yield f"    double x[{max(1, pipeline.width)}], score[{model.scores}];"
        yield f"    double total[{model.scores}] = {{{zeros}}};\n    int at;"
        if pipeline.problem in _LOCALS:
            yield _LOCALS[pipeline.problem]
        for number, field in enumerate(model.input.fields, 1):
            yield from self._checked(number, field)
        yield "    encode(row, x);" if pipeline.width else "    (void)row;\n    x[0] = 0.0;"
        for number, part in enumerate(model.parts):
            weight = _number(part.weight)
            yield _ADDED.format(part=number, scores=model.scores, weight=weight)
        yield self._answered(calibrate) + "}"

    def _checked(self, number: int, field: Field) -> Iterator[str]:
        member = f"row->{self._members[field.name]}"
        if is_number(field):
            wrong = f"isinf({member})" if field.nullable else f"!isfinite({member})"
        elif field.nullable:
            return
        else:
            wrong = f"{member} == NULL"
        yield f"    if ({wrong})\n        return {number};"

    def _answered(self, calibrate: Calibration) -> str:
        """Return the lines that turn scores into the answer."""
        model, pipeline = self._model, self._model.pipeline
        slope = _number(calibrate.slope)
        if pipeline.problem == "binary":
            threshold = 0.5 if pipeline.threshold is None else pipeline.threshold
            return _BINARY.format(
                slope=slope,
                offset=_number(calibrate.offset),
                lines=len(model.lines),
                threshold=_number(threshold),
            )
        if pipeline.problem == "multiclass":
            return _MULTICLASS.format(slope=slope, classes=len(pipeline.classes))
        lines = ["    if (!isfinite(total[0]))\n        return -1;"]
        lines.append("    answer->prediction = total[0];")
        if model.half_width is not None:
            width = _number(model.half_width)
            lines.append(f"    answer->lower = total[0] - {width};")
            lines.append(f"    answer->upper = total[0] + {width};")
        return "\n".join([*lines, "    return 0;", ""])


def _banner(name: str, upper: str, artefact: str) -> str:
    """Return the comment at the head of the file: how to use it."""
    return f"""\
/* The model {artefact} in C99; made by `plait export`.
 *
 *     cc -std=c99 -O2 -c {name}.c          and link with -lm
 *
 * For the declarations alone, in another file:
 *
 *     #define {upper}_DECLARATIONS
 *     #include "{name}.c"
 *
 * {name}_predict() fills the answer and returns 0. It returns n > 0 when member n of the row,
 * counted from 1, is missing though it must not be, or infinite; and -1 when the scores are no
 * finite numbers. The answer then says nothing. A missing number is NAN, a missing text NULL; a
 * text is UTF-8, and one that training never saw is no error. It keeps no state and takes no
 * memory but the stack's, so that threads may share it. IEEE 754 doubles are assumed.
 */
"""


def _note(field: Field) -> str:
    """Return what a comment says of a field."""
    parts = [field.name]
    if field.label:
        parts.append(field.label)
    if field.unit:
        parts.append(f"in {field.unit}")
    if field.kind == "boolean":
        parts.append("0 or 1")
    if field.nullable:
        parts.append("missing at times")
    text = ascii("; ".join(parts))[1:-1]
    return re.sub(r"[*/\\?]", "_", text) if re.search(r"\*/|/\*|\\|\?\?", text) else text


def _text(value: str) -> str:
    """Return a string literal of the UTF-8 of a text."""
    if "\0" in value:
        raise refused(f"the level {value!r} holds a NUL, which ends a string in C")
    plain = re.compile(rb"[A-Za-z0-9 _.,:;<>=+*/()&%$#@!'|{}^~\[\]-]")
    data = value.encode()
    return (
        '"'
        + "".join(chr(byte) if plain.fullmatch(bytes([byte])) else f"\\{byte:03o}" for byte in data)
        + '"'
    )


def _link(part: Trees) -> str:
    """Return the lines that turn a forest's probabilities into scores."""
    if part.floor is None:
        return ""
    if part.scores > 1:
        return _LOGARITHMS.format(scores=part.scores, floor=_number(part.floor))
    return _LOG_ODDS.format(floor=_number(part.floor), ceiling=_number(1 - part.floor))


def _node(node: Node) -> str:
    ends = f"{node.yes}, {node.no}, {node.missing}"
    return f"{{{_number(node.threshold)}, {node.position}, {ends}}}"


def _number(value: float) -> str:
    """Return a double literal that is read back bit for bit."""
    if math.isnan(value):
        return "NAN"
    if math.isinf(value):
        return "HUGE_VAL" if value > 0 else "-HUGE_VAL"
    return repr(float(value))


def _table(head: str, values: Iterable[str]) -> str:
    """Return the definition of a table, as many values a line as fit."""
    lines, line = [], "   "
    for value in values:
        if len(line) + len(value) > 98 and line != "   ":
            lines.append(line)
            line = "   "
        line += f" {value},"
    return "\n".join([f"{head} = {{", *lines, line, "};", ""])
