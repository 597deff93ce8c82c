"""`python -m graphtune`, as launchers such as `torchrun -m graphtune train` want it."""

from graphtune.cli import main

main()
