"""`python -m graphtune`, as launchers such as `torchrun -m graphtune train` want it."""

from graphtune.cli import main

if __name__ == "__main__":
    main()
