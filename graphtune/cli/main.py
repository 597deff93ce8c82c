"""The `graphtune` command. Heavy libraries are imported inside the commands: --help stays fast."""

import click

from graphtune import __version__
from graphtune.cli.backup import add_backup_command
from graphtune.cli.documents import add_document_commands
from graphtune.cli.edits import add_edit_commands
from graphtune.cli.exchange import add_exchange_commands
from graphtune.cli.graph import graph_group
from graphtune.cli.loop import add_loop_command
from graphtune.cli.measure import add_measure_commands
from graphtune.cli.papers import add_paper_commands
from graphtune.cli.questions import add_questions_command
from graphtune.cli.tuning import add_tuning_commands

EPILOG = """\b
Example:
  graphtune init papers-ws
  graphtune run -w papers-ws ~/papers
  graphtune search -w papers-ws "hook length formula"
"""


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """From a folder of papers to an embedding model that is measurably better on them."""


main.add_command(graph_group)
add_exchange_commands(graph_group)
add_paper_commands(main)
add_document_commands(main)
add_backup_command(main)
add_questions_command(main)
add_tuning_commands(main)
add_loop_command(main)
add_measure_commands(main)
add_edit_commands(graph_group)
