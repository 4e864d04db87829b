"""Several boosters as one: a LightGBM text whose raw scores are the mean of theirs."""

import re
from collections.abc import Sequence

_SCALED = re.compile(r"^(leaf_value|internal_value)=(.*)$", re.MULTILINE)


def averaged(texts: Sequence[str]) -> str:
    """Return the text of all trees, what they add divided by how many boosters there are.

    Bagging (Breiman 1996) of boosters: they differ by their dice alone, so that their mean varies
    less, and costs one model to run, explain and export. TreeSHAP of a sum is the sum of theirs.

    Args:
        texts: what LightGBM writes of each, at least one, all of the same rows and the same loss.
    """
    if len(texts) == 1:
        return texts[0]
    blocks: list[str] = []
    for text in texts:
        head, mark, rest = text.partition("\nTree=0\n")
        body, _, tail = rest.partition("\nend of trees\n")
        for block in re.split(r"^(?=Tree=\d+$)", f"{mark[1:]}{body}\n", flags=re.MULTILINE)[1:]:
            numbered = re.sub(r"^Tree=\d+", f"Tree={len(blocks)}", block)
            blocks.append(_SCALED.sub(lambda found: _shared(found, len(texts)), numbered))
    sizes = " ".join(str(len(block.encode())) for block in blocks)
    head = re.sub(r"^tree_sizes=.*$", f"tree_sizes={sizes}", head, flags=re.MULTILINE)
    return f"{head}\n{''.join(blocks)}end of trees\n{tail}"


def _shared(found: re.Match[str], among: int) -> str:
    numbers = " ".join(repr(float(each) / among) for each in found[2].split())
    return f"{found[1]}={numbers}"
