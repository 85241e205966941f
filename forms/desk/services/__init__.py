"""The services of an unlocked desk, one for each task of staff. The window and the commands are their front ends."""
