"""`postroom segment`, `lint`, `diff`, `simulate` and `preview`: the room workbench/ at the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from orchestration import export_tables
from orchestration.dbt_project import ProjectError, manifest
from orchestration.settings import PROJECT, settings
from workbench import WorkbenchError

console = Console()


class Format(StrEnum):
    """How a report is written."""

    TEXT = "text"
    MARKDOWN = "markdown"


@contextmanager
def _said_plainly() -> Iterator[None]:
    """What is for a person to mend is said without a stack."""
    try:
        yield
    except WorkbenchError as error:
        console.print(str(error), markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None


def show_segment(
    name: Annotated[str | None, typer.Argument(help="One segment, as in champions; all by default.")] = None,
    members: Annotated[int, typer.Option(help="How many members to show, without what names them.")] = 5,
) -> None:
    """Print all segments, or one with its conditions and how many customers each keeps."""
    from workbench import segments

    with _said_plainly():
        if name is None:
            segments.show_all(settings(), console)
        else:
            segments.show(name, settings(), console, members=members)


def lint(
    clients: Annotated[
        Path | None,
        typer.Option(help="caniemail.com's JSON file: check too what e-mail clients do not show of the templates."),
    ] = None,
) -> None:
    """Check every definition and every campaign's folder: names, columns, models, settings, unit tests, templates."""
    from workbench.email_clients import check_clients
    from workbench.lint import check, contract_problems, refused, unknown_macros

    problems = check(PROJECT)
    if clients:
        with _said_plainly():
            problems += check_clients(clients)
    try:
        parsed = manifest()
        problems += unknown_macros(PROJECT, {macro["name"] for macro in parsed["macros"].values()})
        problems += contract_problems(PROJECT, parsed)
        problems += export_tables.problems(parsed)
    except ProjectError as error:
        problem = refused(str(error), PROJECT)
        # Of what is said already dbt has found the first only.
        if not problems:
            problems = [problem]
    # What all campaigns read is wrong for each of them.
    for problem in dict.fromkeys(problems):
        path = problem.file.relative_to(PROJECT)
        console.print(f"{path}:{problem.line}: {problem.text}", markup=False, highlight=False, soft_wrap=True)
    if problems:
        raise typer.Exit(1)
    console.print("All definitions are sound.")


def show_diff(
    base: Annotated[str, typer.Option(help="The commit to compare with, as in main or HEAD~1.")],
    format: Annotated[Format, typer.Option(help="markdown is for a comment in a pull request.")] = Format.TEXT,
) -> None:
    """Print who enters and leaves segments and which decisions move, against another version of the definitions."""
    from workbench.diff import diff
    from workbench.reports import as_markdown, print_sections

    with _said_plainly():
        sections = diff(base, settings())
    if format is Format.MARKDOWN:
        print(as_markdown(sections))
    else:
        print_sections(sections, console)


def simulate(
    persona: Annotated[Path, typer.Argument(help="A YAML or JSON file, as docs/personas/ has them.")],
    holdout: Annotated[bool, typer.Option(help="Draw the control groups as live, or leave nobody out.")] = True,
) -> None:
    """Print which segments, occasions, decisions and e-mails a made-up person's days lead to, and when."""
    from workbench.simulate import simulate as simulated
    from workbench.timeline import show

    with _said_plainly(), console.status("") as status:
        who, moments = simulated(
            persona, settings(), holdout=holdout, told=lambda day: status.update(f"Simulating {day}")
        )
    show(who, moments, console)


def preview(
    port: Annotated[int, typer.Option(help="Where on localhost.")] = 3001,
    recipients: Annotated[int, typer.Option(help="How many real readers of each campaign to show.")] = 3,
) -> None:
    """Show every campaign and block in a browser: desktop and phone, light and dark, text, and what explains it."""
    from workbench.preview.gallery import Gallery
    from workbench.preview.server import serve

    gallery = Gallery(settings(), manifest(), recipients)
    try:
        server = serve(gallery, port)
    except OSError as error:
        raise SystemExit(f"localhost:{port} cannot be used: {error.strerror}. Choose another --port.") from None
    console.print(f"http://localhost:{server.server_port}  (stop with Ctrl-C; reload the page after an edit)")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        console.print("Stopped.")
