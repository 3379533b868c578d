"""`python -m declarative` is the `dialctl` command."""

from declarative.cli.main import main

if __name__ == "__main__":
    main()
