"""The dashboard from the command line, out of a clone or an installed package alike."""

import os
import subprocess
import sys
from typing import Annotated

import typer

from lensmae.shipped import DASHBOARD
from lensmae.workspace import SAMP

commands = typer.Typer()


@commands.command()
def dashboard(
    port: Annotated[int, typer.Option(min=1, max=65535, help="port to listen on")] = 8501,
    address: Annotated[
        str | None, typer.Option(help="network address to listen on; other machines reach all but the default, localhost")
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="open a browser window")] = True,
    samp: Annotated[
        bool, typer.Option("--samp", help="offer on Analyse to show images in the DS9, Aladin and TOPCAT of this machine")
    ] = False,
) -> None:
    """Open the dashboard; Ctrl-C ends it. Its settings stand in `.streamlit/config.toml` beside it."""
    # -P: a file in the current folder that is called like a module is not mistaken for it.
    command = [sys.executable, "-P", "-m", "streamlit", "run", str(DASHBOARD), "--server.port", str(port)]
    # A first start would otherwise wait for an e-mail address to be typed.
    command += ["--server.showEmailPrompt", "false"]
    command += ["--server.address", address] if address else []
    command += [] if browser else ["--server.headless", "true"]
    if samp:
        os.environ[SAMP] = "1"
    if os.name == "posix":
        # The dashboard takes this process's place, so a signal to stop reaches it.
        os.execv(sys.executable, command)
    try:
        raise typer.Exit(subprocess.run(command).returncode)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
