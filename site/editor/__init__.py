"""The staff's editor: writes pages and tables of content/, keeps their history, and publishes. Holds no key."""
