@echo off
rem Windows: double-click this file.
chcp 65001 >nul
set PYTHONUTF8=1
cd /d "%~dp0.."
where py >nul 2>nul
if errorlevel 1 (python build.py desk) else (py build.py desk)
pause
