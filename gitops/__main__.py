"""Start the command line: python -m gitops."""

from gitops.cli.main import main

if __name__ == "__main__":
    main(prog_name="python -m gitops", complete_var="_GITOPS_COMPLETE")
