"""Encrypt letters, derive keys from receipts, sign, compare keys. Private keys of desks: forms/desk/crypto."""
