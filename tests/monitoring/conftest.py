"""Prometheus itself, its test tool, and the rules of one environment as they are in the manifests."""

import pytest
import yaml

from tests.helpers import sample


@pytest.fixture
def rules(tmp_path):
    """Write prod's groups as Prometheus reads them, and give the file."""
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump(sample.rules()))
    return path
