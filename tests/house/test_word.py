"""What a published file must not hold."""

import re

# A letter in brackets keeps each pattern from finding itself.
UNFINISHED = re.compile(r"\b(TO[D]O|FIX[M]E|XX[X]|HAC[K])\b")
WORKPLACE = re.compile(
    r"(?<![\w.])/wor[k]/|\.\./share[d]|DESIG[N]\.md|aesthetic[s]\.md|issues sho[w]|\.librar[y]/"
)
BINARY = {".png", ".ico", ".woff2", ".parquet", ".gz", ".whl"}


def lines(root, tracked):
    """Yield (path, number, line) of every text file."""
    for path in tracked:
        if path.suffix not in BINARY:
            for number, line in enumerate((root / path).read_text().splitlines(), start=1):
                yield str(path), number, line


def test_nothing_is_left_unfinished(root, tracked):
    found = [each for each in lines(root, tracked) if UNFINISHED.search(each[2])]
    assert not found, "\n".join(map(str, found))


def test_nothing_names_where_it_was_made(root, tracked):
    found = [each for each in lines(root, tracked) if WORKPLACE.search(each[2])]
    assert not found, "\n".join(map(str, found))
