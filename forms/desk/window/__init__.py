"""The desk's window: pages in the staff's own browser, served on 127.0.0.1 only, in the language chosen there."""
