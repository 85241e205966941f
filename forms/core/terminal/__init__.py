"""Output and prompts of commands, with a terminal or without one."""
