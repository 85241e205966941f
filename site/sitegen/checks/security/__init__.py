"""Checks for secrets, private keys and active HTML in content/, which stop a build."""
