"""Numbers as people read them, in a terminal, in a notebook and in a sentence."""

_UNITS = ("B", "kB", "MB", "GB")


def score(value: float) -> str:
    """Return a score: four decimals, or none where it is in the thousands.

    Example:
        >>> score(0.78291), score(2859.7)
        ('0.7829', '2,860')
    """
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4f}"


def number(value: float) -> str:
    """Return a number of unknown size: four significant digits, and every whole one.

    Example:
        >>> number(0.123456), number(152.1), number(1234567.8)
        ('0.1235', '152.1', '1,234,568')
    """
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e15 else f"{value:.4g}"


def percent(share: float) -> str:
    """Return a share in percent; what is not quite all or nothing is not rounded to it.

    Example:
        >>> percent(0.966), percent(0.99999), percent(1.0), percent(0.0001)
        ('96.6 %', '> 99.9 %', '100.0 %', '< 0.1 %')
    """
    if 0 < share < 0.001:
        return "< 0.1 %"
    return "> 99.9 %" if 0.999 < share < 1 else f"{100 * share:.1f} %"


def milliseconds(value: float) -> str:
    """Return a time in milliseconds, without the unit: to the microsecond below ten.

    Example:
        >>> milliseconds(0.00991), milliseconds(12.34)
        ('0.010', '12.3')
    """
    return f"{value:.3f}" if value < 10 else f"{value:,.1f}"


def size(amount: float) -> str:
    """Return a number of bytes in the unit that suits it, a thousand of one to the next.

    Example:
        >>> size(512), size(3_421), size(91_300_000)
        ('512 B', '3.4 kB', '91 MB')
    """
    place = 0
    while amount >= 999.5 and place < len(_UNITS) - 1:
        amount, place = amount / 1000, place + 1
    return (
        f"{amount:.1f} {_UNITS[place]}"
        if place and amount < 9.95
        else f"{amount:.0f} {_UNITS[place]}"
    )
