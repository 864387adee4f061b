"""`shelflens mcp`: the catalogue as tools for an assistant."""

from pathlib import Path
from typing import Annotated

import typer

from shelflens.cli.app import IndexModelOption, IndexOption, app, errors_shown, needing


@app.command()
def mcp(
    index: IndexOption = "shelflens-index",
    address: Annotated[
        str, typer.Option(help="Ask a running service instead, as in http://127.0.0.1:8000; key: SHELFLENS_API_KEY.")
    ] = "",
    images: Annotated[Path, typer.Option(help="The folder that paths of images start from and stay in.")] = Path(),
    write: Annotated[bool, typer.Option("--write", help="Also offer tools that store, delete and judge.")] = False,
    model: IndexModelOption = None,
) -> None:
    """Offer the catalogue to an assistant over the Model Context Protocol, on standard input and output.

    understand, search, similar, get_product, overview and audit_findings; nothing is changed without --write.
    """
    with errors_shown(), needing("mcp"):
        from serving.client import AsyncClient
        from serving.deployments.index import opened, with_model_of_index
        from serving.mcp.embedded import embedded
        from serving.mcp.server import mcp_server
        from serving.settings.load import read_settings

        settings = read_settings(index=index, model=model)
        if not address:
            settings = with_model_of_index(settings)
        if not (address or write):
            opened(settings.index, None).close()  # said here, where somebody sees it
        server = mcp_server(lambda: AsyncClient(address) if address else embedded(settings), images, write)
        server.run("stdio")
