"""Events at the desk: sign-ups, attendance, reminders, visits."""
