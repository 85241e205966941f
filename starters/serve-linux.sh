#!/bin/sh
# Linux: double-click this file and choose "Run in Terminal".
cd "$(dirname "$0")/.." || exit 1
python3 build.py serve
printf "Press Enter to close this window. " && read -r _
