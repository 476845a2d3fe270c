"""What users see when input is wrong, or when something about it had to be guessed."""


class InputError(ValueError):
    """Bad input, told in one sentence; the command line prints it and exits with code 2.

    Raise it with a message that names the thing, the value and the remedy, for instance
    ``"CaF2.cif: site F1 is occupied to 0.50; give an ordered structure"``.
    """


class GuessWarning(UserWarning):
    """Something that the input does not tell was guessed; the message says what, and as what."""
