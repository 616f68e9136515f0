"""environments.yaml is validated, and a mistake is one sentence."""

import pytest

from gitops.environments import load
from gitops.errors import GitopsError
from tests.helpers.sample import SAMPLE

MISTAKES = {
    "an unknown key": ("    soak: 30m", "    sock: 30m", "prod: sock is not known; there are "),
    "a duration": ("soak: 30m", "soak: half an hour", "'half an hour' is no duration like 30m"),
    "a namespace twice": ("mlops-prod", "mlops-dev", "the namespace mlops-dev is used twice"),
    "a name twice": ("name: prod", "name: dev", "the name dev is used twice"),
    "a name with a space": ("name: prod", "name: pro d", "'pro d' is no name"),
    "no namespace": ("    namespace: mlops-prod\n", "", "namespace is missing"),
    "no image": ("image: score-app", "images: score-app", "image is missing"),
    "a latency between two bounds": ("seconds: 0.25", "seconds: 0.3", "0.3 is no bound of the histogram"),
    "no percent": ("latency: { percent: 99.0, seconds: 0.25 }", "latency: { seconds: 0.25 }", "percent is missing"),
    "no YAML": ("environments:", "environments: [", "environments.yaml: while parsing"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_sentence(mistake, tmp_path):
    old, new, message = MISTAKES[mistake]
    text = (SAMPLE / "environments.yaml").read_text()
    assert old in text
    (tmp_path / "environments.yaml").write_text(text.replace(old, new))
    with pytest.raises(GitopsError) as caught:
        load(tmp_path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_without_it_is_named(tmp_path):
    with pytest.raises(GitopsError, match=r"cannot be read .*run this in the repository, or name it by --root"):
        load(tmp_path)
