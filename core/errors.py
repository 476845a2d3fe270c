"""The one error that users see: one sentence that says what, where, and how to mend it."""


class InputError(ValueError):
    """Bad input, told in one sentence; the command line prints it and exits with code 2.

    Raise it with a message that names the thing, the value and the remedy, for instance
    ``"CaF2.cif: site F1 is occupied to 0.50; give an ordered structure"``.
    """
