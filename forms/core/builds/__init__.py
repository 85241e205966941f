"""Builds of the site: their manifests, the signatures of publishers, and the reports of publishing."""
