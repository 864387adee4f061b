"""`shelflens serve` and `shelflens demo`: the HTTP service."""

from pathlib import Path
from typing import Annotated

import typer

from shelflens.cli.app import INDEX_PLACES, IndexModelOption, app, errors_shown, needing

GpusOption = Annotated[
    float | None, typer.Option(help="GPUs (or a fraction of one) for each replica. Default: 0, on the CPU.")
]
ShadowOption = Annotated[
    Path | None, typer.Option(help="Shadow model: reads along, is compared, and can be activated.")
]
LocationOption = Annotated[str | None, typer.Option(help=f"{INDEX_PLACES} Default: shelflens-index.")]
StateOption = Annotated[
    str | None, typer.Option(help="Folder for images, feedback and jobs, or postgresql://USER@HOST/DATABASE.")
]
FeedsOption = Annotated[Path | None, typer.Option(help="Folder from which jobs may read feeds. Default: uploads only.")]
SettingsOption = Annotated[
    Path | None, typer.Option(help="TOML file of settings. Flags and environment variables override it.")
]
InsecureOption = Annotated[
    bool | None, typer.Option("--insecure", help="Allow listening beyond this machine without API keys.")
]


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on. Default: 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(help="Default: 8000.")] = None,
    replicas: Annotated[int | None, typer.Option(help="Number of model replicas. Default: 1.")] = None,
    num_gpus_per_replica: GpusOption = None,
    model: IndexModelOption = None,
    shadow: ShadowOption = None,
    index: LocationOption = None,
    state: StateOption = None,
    feeds: FeedsOption = None,
    config: SettingsOption = None,
    insecure: InsecureOption = None,
) -> None:
    """Run the HTTP service on Ray Serve until Ctrl-C."""
    with errors_shown(), needing("serve"):
        from serving.deployments.start import serve as run
        from serving.settings.load import read_settings

        settings = read_settings(
            config,
            host=host,
            port=port,
            replicas=replicas,
            num_gpus_per_replica=num_gpus_per_replica,
            model=model,
            shadow=shadow,
            index=index,
            state=state,
            feeds=feeds,
            insecure=insecure,
        )
        run(settings, blocking=True)


@app.command()
def demo(
    check: Annotated[
        bool, typer.Option("--check", help="Send the service a few requests, print the answers and exit.")
    ] = False,
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 8000,
) -> None:
    """Start the service, ingest the demo catalog, and keep running with a few requests to try."""
    with errors_shown(), needing("serve"):
        from shelflens.cli.demo import run_demo

        run_demo(check=check, port=port)
