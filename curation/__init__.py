"""What people see and do: briefs, rounds, candidates and the live wall."""
