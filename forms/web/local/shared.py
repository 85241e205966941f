"""What the windows on this machine share beside templates: scripts that each of them loads by itself."""

from pathlib import Path

from flask import Blueprint

pages = Blueprint("shared", __name__, static_folder=str(Path(__file__).parent / "static"), static_url_path="/shared")
"""Behind the guard of each window like any page: not in OPEN_TO_ALL, and in the office for who has signed in."""
