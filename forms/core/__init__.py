"""What all three programs share: forms as data, encryption, receipts, texts. No Flask, no SQLAlchemy, no MkDocs."""
