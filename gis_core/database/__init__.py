"""What talks to PostgreSQL itself: SQL files, tables, installed functions and triggers, copies, locks, refusals."""
