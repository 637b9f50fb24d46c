"""Two open questions about the model ``bivariate``, as far as numbers answer them.

    python figures/open_questions.py [FOLDER]

What does gradient descent do without a clip (unclipped.py)?  Does the decay rate on the edge stay independent of the
step size outside of the paper's assumptions (decay.py)?  Both print their numbers and draw their figures; sweeps are
run into stores in FOLDER (the current one by default), as far as they are not there.
"""

import sys

import decay
import unclipped


def main(folder: str = ".") -> None:
    unclipped.main(folder)
    decay.main(folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
