"""Rules about signatures: where the service takes signed models only, git must have them signed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from api.settings import SettingsError
from gitops.models import folders_with, service_settings
from gitops.mounted import Mounted, of_overlay
from gitops.render.objects import Object, is_service_pod, of_kind, pod_of, settings_of
from gitops.rules.overlay import Overlay
from model.bundle.files import read, read_signature
from model.oci.image import image_of
from model.user_error import UserError

if TYPE_CHECKING:
    from model.signing.keys import PublicKeys

SETTING = "MODEL_KEYS"


def signed_models(overlay: Overlay) -> Iterator[str]:
    """Require keys where signed models are wanted, and that each model to serve is signed with one of them."""
    texts = key_texts(overlay.objects)
    if texts is None:
        return
    from model.signing.keys import EXPORT, keys_from  # noqa: PLC0415 - cryptography is loaded where it is needed

    where = overlay.file_with(r"model-keys", "configMapGenerator")
    try:
        keys = {key: each for name, text in texts.items() for key, each in keys_from(text, f"{where}: {name}").items()}
        wanted = service_settings(overlay.objects).model
    except UserError as error:
        yield str(error)
        return
    except SettingsError:
        return
    if not keys:
        place = Path(where).parent / "keys.pem"
        yield f"{place} holds no public key, so no model can be served: {EXPORT.partition(' -out')[0]} >> {place}"
        return
    mounts = {each.name: each for each in of_overlay(overlay.folder)}
    for name in wanted:
        if problem := _problem(overlay, name, keys, mounts.get(name)):
            yield f"{problem} (the component signed-models wants it signed)"


def key_texts(objects: list[Object]) -> dict[str, str] | None:
    """Return the files of keys that the service's pods have from git; None where they have none."""
    place = settings_of(objects).get(SETTING)
    config = {each["metadata"]["name"]: each.get("data") or {} for each in of_kind(objects, "ConfigMap")}
    for pod in (pod for each in of_kind(objects, "Deployment") if (pod := pod_of(each)) and is_service_pod(pod)):
        volumes = {each["name"]: each.get("configMap", {}).get("name") for each in pod["spec"].get("volumes") or ()}
        mounts = [mount for each in pod["spec"]["containers"] for mount in each.get("volumeMounts") or ()]
        for mount in mounts:
            if mount.get("mountPath") == place and (found := volumes.get(mount["name"])) in config:
                return config[found]
    return None


def _problem(overlay: Overlay, name: str, keys: PublicKeys, mounted: Mounted | None) -> str | None:
    """Return what is wrong with the signature of a model, as git has it at the version that is served."""
    from model.signing.bundles import require_signed  # noqa: PLC0415

    version = overlay.models.get(name)
    if version is None:
        # Where no bundle is known, as in a repository of manifests alone, none can be judged.
        return None
    for folder in folders_with(overlay.repository, name, version):
        try:
            bundle = read(folder, name)
            if mounted and image_of(bundle, read_signature(folder, name)).digest != mounted.digest:
                continue
            require_signed(folder, bundle, keys)
        except UserError as error:
            return str(error)
        return None
    if mounted and not overlay.repository.is_shallow:
        return f"{name}: no commit has the bundle of the image {mounted}, so nobody can say whether it is signed"
    return None
