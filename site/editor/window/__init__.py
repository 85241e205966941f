"""The editor's window: pages in the staff's own browser, served on 127.0.0.1 and to nobody else."""
