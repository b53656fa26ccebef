"""What setup.cfg cannot say: the experiments stand at the top of the repository, and in the package when installed."""

from pathlib import Path

from setuptools import find_packages, setup

EXPERIMENTS = "symrnn.experiments"
FOLDERS = sorted({path.parent for path in Path("experiments").rglob("*.py")})

setup(
    packages=[
        *find_packages(include=["symrnn*"]),
        *(".".join(["symrnn", *folder.parts]) for folder in FOLDERS),
    ],
    package_dir={EXPERIMENTS: "experiments"},
)
