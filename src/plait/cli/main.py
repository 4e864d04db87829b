"""`plait`: the command, and the one place where its errors become lines and exit statuses."""

import json
import logging
import sys
from importlib import import_module
from importlib.metadata import version
from typing import NoReturn

import click

from plait.core.errors import PlaitError

COMMANDS = {
    "init": "start a project, from your data or as the lending desk",
    "config": "show the effective settings and where each comes from",
    "doctor": "show the machine, the optional libraries, the weights and the models",
    "demo": "the whole walk on real data: train, decide, predict, explain",
    "train": "race the candidates of a contract and release the winner",
    "decisions": "list decisions, show one, or run its evidence again",
    "datasets": "list the versions of data trained on, show one, compare two",
    "release": "let a decision's winner answer; earlier ones too",
    "predict": "answer a row or a file",
    "export": "write a model as one file that runs elsewhere: ONNX, C or Python",
    "ingest": "take documents into a collection, list them, remove them",
    "search": "find the passages that answer a question best",
    "ask": "ask a flow or a model, once or in a conversation",
    "explain": "tell everything about one answered request",
    "serve": "answer over HTTP",
    "flow": "list flows, and draw one with its decisions and times",
    "jobs": "list, follow and cancel long work",
    "keys": "add, list and revoke API keys",
    "guard": "list guards, and try one on a text",
    "models": "list and pull weights and sample data",
    "store": "back the store up, and restore it",
}


class Commands(click.Group):
    """The commands, each imported from its own file when it is used."""

    def list_commands(self, _: click.Context) -> list[str]:
        """Return the names in the order a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, _: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"plait.cli.{cmd_name}").command
        return command

    def format_commands(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("plait"), prog_name="plait")
@click.option("--traceback", is_flag=True, help="Show the traceback of an unexpected error.")
@click.pass_context
def cli(ctx: click.Context, traceback: bool) -> None:
    """Classical machine learning and deep learning in one service, chosen by evidence."""
    ctx.obj = traceback


def main() -> NoReturn:
    """Run the command line and exit: 0 done, 1 refused or failed, 2 usage, 130 interrupted."""
    arguments = sys.argv[1:]
    logging.getLogger("plait").addHandler(logging.NullHandler())  # `serve` adds one that tells
    try:
        sys.exit(cli.main(arguments, prog_name="plait", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(130)
    except PlaitError as error:
        _tell(error.code, str(error), arguments)
    except BrokenPipeError:
        sys.stdout = None  # whoever read our output has left
    except Exception as error:
        if "--traceback" in arguments:
            raise
        text = f"unexpected {type(error).__name__}: {error}"
        _tell(
            "unexpected",
            f"{text} (a fault of plait; `plait --traceback ...` shows where)",
            arguments,
        )
    sys.exit(1)


def _tell(code: str, text: str, arguments: list[str]) -> None:
    if "--json" in arguments:
        click.echo(json.dumps({"error": {"code": code, "message": text}}))
    line = "; ".join(part.strip() for part in text.splitlines())
    click.echo(f"plait: {line} [{code}]", err=True)
