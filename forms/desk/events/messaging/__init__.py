"""Reminders of events: their recipients, texts, gateways and costs."""
