"""Says what `slow` means."""


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes minutes")
