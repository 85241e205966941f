"""Errors in the tables of events and of the feedback loop that their schemas cannot express."""
