"""The operator's commands: of build.py, and of `portal` where the package is installed."""
