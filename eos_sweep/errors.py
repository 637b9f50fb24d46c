"""The error for what a user gave."""


class InputError(ValueError):
    """An input is wrong.  The message is for the user: it names the thing, its value, and the remedy.

    The command line prints it and exits with 2; every other exception is a defect and keeps its traceback.
    """
