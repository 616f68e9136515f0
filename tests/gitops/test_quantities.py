"""Quantities are read as Kubernetes reads them, without its client library."""

import pytest
from kubernetes.utils.quantity import parse_quantity

from gitops.quantities import quantity

NUMBERS = ("0", "1", "250", "0.5", ".5", "1.", "-3", "+3", "1.0001")
SUFFIXES = ("", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_each_suffix_means_what_the_client_library_reads(suffix):
    assert [quantity(each + suffix) for each in NUMBERS] == [parse_quantity(each + suffix) for each in NUMBERS]


def test_exponents_and_yaml_s_own_numbers_are_quantities():
    assert [quantity(each) for each in ("1e3", "1E3", "12E-1", 2, 0.5)] == [
        1000,
        1000,
        quantity("1.2"),
        2,
        quantity("500m"),
    ]


@pytest.mark.parametrize(
    "value", ["", "256MB", "1 Gi", "mi", "1ki", "m", "1e", "1K", "\u0663", "NaN", "inf", None, True, [], {}]
)
def test_what_kubernetes_would_refuse_is_no_quantity(value):
    assert quantity(value) is None
