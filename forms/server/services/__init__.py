"""What the forms server does, as plain functions: mailboxes, look-ups, sign-ups, flood control, retention."""
