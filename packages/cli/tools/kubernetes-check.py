"""Validates Kubernetes manifests against the schemas of several versions; prints their content as one line of JSON.

Arguments: the versions, separated by commas, then the files. A manifest that does not fit ends it with exit code 1 and the reason.
"""

import json
import sys

import kubernetes_validate
import yaml

versions, *paths = sys.argv[1:]
manifests = []
for path in paths:
    with open(path, encoding="utf-8") as file:
        manifest = yaml.safe_load(file)
    for version in versions.split(","):
        try:
            kubernetes_validate.validate(manifest, version, strict=True)
        except Exception as error:  # its own classes differ by version; whatever it is, the manifest does not fit
            sys.exit(f"{path} (Kubernetes {version}): {error}")
    manifests.append(manifest)
print(json.dumps(manifests))
