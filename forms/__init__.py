"""What people send back: forms drawn from data, sealed into letters, kept durably, picked up by desks."""
