"""Leaflets, posters and cards as PDF."""
