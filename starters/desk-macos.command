#!/bin/sh
# macOS: double-click this file in the Finder.
cd "$(dirname "$0")/.." || exit 1
python3 build.py desk
echo "You can close this window."
