"""What talks to PostgreSQL itself: tables, installed functions and triggers, former releases, templates."""
