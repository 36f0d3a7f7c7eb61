"""Every package is installed in one exact version, from files with known hashes."""

import re
import subprocess
import sys
import tomllib
import zipfile

import pytest

from mentorship.config import PROJECT

NAMED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?==(\S+)", re.MULTILINE)
LOCKED = re.compile(
    r"^([a-z0-9._-]+)==(\S+)[^\n]*?((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", re.MULTILINE
)
FILES = ["requirements.txt", "requirements-dev.txt"]


def normal(name):
    """The name as package indexes write it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def versions(file):
    return versions_in((PROJECT / file).read_text())


def versions_in(text):
    return {normal(name): version for name, version in NAMED.findall(text)}


def configuration():
    return tomllib.loads((PROJECT / "pyproject.toml").read_text())


def project():
    return configuration()["project"]


@pytest.mark.parametrize("file", FILES)
def test_every_package_has_one_version_and_hashes(file):
    text = (PROJECT / file).read_text()
    lines = [line for line in text.splitlines() if line and line[0] not in " #"]

    locked = [name for name, _version, _hashes in LOCKED.findall(text)]

    assert len(locked) == len(lines) == len(set(locked))


def test_the_versions_are_those_that_are_named():
    product, everything = versions("requirements.txt"), versions("requirements-dev.txt")

    assert versions_in("\n".join(project()["dependencies"])).items() <= product.items()
    assert versions("requirements-dev.in").items() <= everything.items()
    assert product.items() <= everything.items()


def test_what_builds_the_wheel_is_installed_in_the_version_that_is_named():
    builders = versions_in("\n".join(configuration()["build-system"]["requires"]))

    assert builders
    assert builders.items() <= versions("requirements-dev.txt").items()


def test_the_product_names_one_version_of_each_package_it_runs_on():
    named = project()["dependencies"]

    assert len(versions_in("\n".join(named))) == len(named) > 20


def test_make_installs_nothing_without_its_hash():
    installs = re.findall(r"pip install [^\n]*", (PROJECT / "Makefile").read_text())

    assert len(installs) == 2
    assert all("--require-hashes" in install for install in installs)


def test_a_package_of_the_right_name_and_version_with_another_content_is_refused(tmp_path):
    name, version, hashes = next(
        each
        for each in LOCKED.findall((PROJECT / "requirements.txt").read_text())
        if each[0] == "mdurl"
    )
    (tmp_path / "locked.txt").write_text(f"{name}=={version}{hashes}\n")
    with zipfile.ZipFile(tmp_path / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        info = f"{name}-{version}.dist-info"
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")

    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--isolated",
        "--dry-run",
        "--ignore-installed",
        "--no-index",
        "--find-links",
        str(tmp_path),
        "-r",
        str(tmp_path / "locked.txt"),
    ]
    result = subprocess.run(install, capture_output=True, text=True, check=False)

    assert result.returncode != 0
    assert "DO NOT MATCH THE HASHES" in result.stderr
