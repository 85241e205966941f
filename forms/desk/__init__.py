"""The desk: fetches sealed letters, opens them on the staff's own machine, answers. The server never imports it."""
