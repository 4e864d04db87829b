"""How the kernel's properties are tried: the same examples each time, however busy the machine."""

from hypothesis import settings

settings.register_profile("kernel", max_examples=50, deadline=None, derandomize=True)
settings.load_profile("kernel")
