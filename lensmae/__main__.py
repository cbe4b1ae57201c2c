"""`python -m lensmae` is the `lensmae` command."""

from lensmae.cli import main

if __name__ == "__main__":
    main()
