"""Write the lock files anew: versions and hashes, no addresses."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
COMMON = [
    "--generate-hashes",
    "--no-header",
    "--no-annotate",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--universal",
    "--python-version",
    "3.11",
    "--quiet",
]


def lock(output: str, *arguments: str, source: str) -> None:
    """Resolve `source` into one lock file."""
    command = [sys.executable, "-m", "uv", "pip", "compile", source, *arguments, *COMMON]
    subprocess.run([*command, "--output-file", str(HERE / output)], check=True)  # noqa: S603  # our own words


def main() -> None:
    project = str(HERE.parent / "pyproject.toml")
    lock("run.txt", source=project)
    lock("dev.txt", "--extra", "dev", "--constraint", str(HERE / "run.txt"), source=project)
    lock("build.txt", source=str(HERE / "build.in"))
    lock("stripe-spec.txt", "--no-deps", source=str(HERE / "stripe-spec.in"))


if __name__ == "__main__":
    main()
