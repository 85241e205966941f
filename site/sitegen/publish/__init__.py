"""What leaves the build: compressed files, open data, the offline copies, the browser script."""
