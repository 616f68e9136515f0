"""What several folders of tests use; fixtures are in conftest modules."""
