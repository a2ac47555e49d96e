"""What talks to PostgreSQL itself: SQL files, binary copy, locks, refusals."""
