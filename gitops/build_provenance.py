"""Print the provenance of an image: python -m gitops.build_provenance IMAGE TARGET REVISION MODELS."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path


def provenance(image: str, target: str, revision: str, models: list[str]) -> dict[str, object]:
    """Return the inputs of an image as an SLSA provenance statement."""
    inputs = ["Dockerfile", f"locks/{target}.txt", *(f"model/bundles/{name}/manifest.json" for name in models)]
    materials = [
        {"uri": path, "digest": {"sha256": hashlib.sha256(Path(path).read_bytes()).hexdigest()}} for path in inputs
    ]
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "predicateType": "https://slsa.dev/provenance/v1",
        "subject": [{"name": image}],
        "predicate": {
            "buildDefinition": {
                "externalParameters": {"target": target, "models": models},
                "resolvedDependencies": [{"uri": "git", "digest": {"gitCommit": revision}}, *materials],
            }
        },
    }


if __name__ == "__main__":
    name, target, revision, models = sys.argv[1:]
    json.dump(provenance(name, target, revision, models.split()), sys.stdout, indent=2)
